import assert from 'node:assert/strict';
import { it } from 'node:test';
import { cloudConf } from './cloud-config.js';

const facts = {
  authUrl: 'https://keystone.example.org/v3',
  region: null,
  authorityPem: null,
  trustee: { trustId: 't', trusteeUserId: 'u', password: 'Ab_-9' },
  floatingNetworkId: 'ext',
  subnetId: 'sub',
  loadBalancerProvider: 'ovn',
  loadBalancerMethod: 'SOURCE_IP_PORT',
};

it('cloud.conf says by whom and where; what is not known is left out', () => {
  assert.equal(
    cloudConf(facts),
    `[Global]
auth-url=https://keystone.example.org/v3
user-id=u
password=Ab_-9
trust-id=t

[LoadBalancer]
floating-network-id=ext
subnet-id=sub
lb-provider=ovn
lb-method=SOURCE_IP_PORT
create-monitor=true
`,
  );
});

it('a value that is no plain word stays on its line, quoted', () => {
  const text = cloudConf({ ...facts, region: 'a"b\\c;d', authorityPem: 'x' });
  assert.match(text, /^region="a\\"b\\\\c;d"$/m);
  assert.match(text, /^ca-file=\/etc\/config\/ca\.pem$/m);
});
