/**
 * 2.79 is Train's last: server groups with `policy` (2.64), tags at create (2.52), `networks` as words (2.37),
 * no `personality` (2.57). Every release since 2019 speaks it, and no newer one is needed.
 */
export const COMPUTE_HEADERS: Readonly<Record<string, string>> = {
  'x-openstack-nova-api-version': '2.79',
  'openstack-api-version': 'compute 2.79',
};
