/**
 * Magnum's rule names and expressions. Source: magnum/common/policies/*.py; reference section 11 (new defaults).
 * `%(project_id)s` is the object's project; of lists and creates the caller's own.
 */
const HELPERS = {
  context_is_admin: 'role:admin',
  admin_api: 'rule:context_is_admin',
  admin_or_owner: 'role:admin or project_id:%(project_id)s',
  admin_or_user: 'role:admin or user_id:%(user_id)s',
  is_user: 'user_id:%(user_id)s',
  project_member: 'role:member and project_id:%(project_id)s',
  project_reader: 'role:reader and project_id:%(project_id)s',
  admin_or_project_member: 'rule:context_is_admin or rule:project_member',
  admin_or_project_reader: 'rule:context_is_admin or rule:project_reader',
  admin_or_project_member_user: 'rule:context_is_admin or (rule:project_member and rule:is_user)',
  admin_or_project_reader_user: 'rule:context_is_admin or (rule:project_reader and rule:is_user)',
  admin_or_project_member_user_or_cluster_user: 'rule:admin_or_project_member_user',
  admin_or_project_reader_user_or_cluster_user: 'rule:admin_or_project_reader_user',
  admin_or_project_member_deny_cluster_user: 'rule:admin_or_project_member',
  admin_or_project_reader_deny_cluster_user: 'rule:admin_or_project_reader',
  deny_cluster_user: '@',
  cluster_user: '!',
} as const;

const ADMIN = 'rule:context_is_admin';
const MEMBER = 'rule:admin_or_project_member';
const READER = 'rule:admin_or_project_reader';

const OPERATIONS = {
  'certificate:create': 'rule:admin_or_project_member_user',
  'certificate:create_as_requested': '!',
  'certificate:get': 'rule:admin_or_project_reader_user',
  'certificate:rotate_ca': MEMBER,

  'cluster:create': MEMBER,
  'cluster:delete': MEMBER,
  'cluster:update': MEMBER,
  'cluster:resize': MEMBER,
  'cluster:upgrade': MEMBER,
  'cluster:repair': MEMBER,
  'cluster:detail': READER,
  'cluster:get': READER,
  'cluster:get_all': READER,
  'cluster:update_health_status': 'rule:admin_or_project_member_user',
  'cluster:delete_all_projects': ADMIN,
  'cluster:detail_all_projects': ADMIN,
  'cluster:get_one_all_projects': ADMIN,
  'cluster:get_all_all_projects': ADMIN,
  'cluster:update_all_projects': ADMIN,
  'cluster:upgrade_all_projects': ADMIN,

  'clustertemplate:create': MEMBER,
  'clustertemplate:delete': MEMBER,
  'clustertemplate:update': MEMBER,
  'clustertemplate:detail': READER,
  'clustertemplate:get': READER,
  'clustertemplate:get_all': READER,
  'clustertemplate:publish': ADMIN,
  'clustertemplate:delete_all_projects': ADMIN,
  'clustertemplate:detail_all_projects': ADMIN,
  'clustertemplate:get_one_all_projects': ADMIN,
  'clustertemplate:get_all_all_projects': ADMIN,
  'clustertemplate:update_all_projects': ADMIN,

  'credential:rotate': 'rule:project_member',

  'federation:create': MEMBER,
  'federation:delete': MEMBER,
  'federation:update': MEMBER,
  'federation:detail': READER,
  'federation:get': READER,
  'federation:get_all': READER,

  'kubeconfig:get': READER,
  'kubeconfig:admin': MEMBER,

  'magnum-service:get_all': ADMIN,

  'nodegroup:get': READER,
  'nodegroup:get_all': READER,
  'nodegroup:create': MEMBER,
  'nodegroup:delete': MEMBER,
  'nodegroup:update': MEMBER,
  'nodegroup:get_all_all_projects': ADMIN,
  'nodegroup:get_one_all_projects': ADMIN,

  'quota:get': READER,
  'quota:get_all': ADMIN,
  'quota:create': ADMIN,
  'quota:delete': ADMIN,
  'quota:update': ADMIN,

  'stats:get_all': READER,
} as const;

/** What is asked by routes. Our own additions use Magnum's rules of what they show; ours are `cluster:repair`, `kubeconfig:*` and
 * `certificate:create_as_requested`. */
export type Rule = keyof typeof OPERATIONS;

export const DEFAULT_RULES: Readonly<Record<string, string>> = { ...HELPERS, ...OPERATIONS };
export const OPERATION_RULES = Object.keys(OPERATIONS) as Rule[];

/** What these make or keep belongs to the caller's project, so he must have one. */
export const NEEDS_PROJECT: readonly Rule[] = [
  ...(['cluster:create', 'clustertemplate:create', 'federation:create'] as const),
  ...(['credential:rotate', 'certificate:create', 'certificate:get', 'kubeconfig:get', 'quota:get'] as const),
];

/** Rules that no route is guarded by alone: what they decide. */
export const RULE_NOTES: Readonly<Partial<Record<Rule, string>>> = {
  'certificate:create_as_requested':
    'POST /v1/certificates with the subject of the request, also system:masters, and by any authority',
  'kubeconfig:admin': 'whose certificates administer a cluster, of kubeconfig and POST /v1/certificates; others only look',
  'cluster:update_health_status': 'PATCH /v1/clusters/{cluster}, of the caller himself',
  'cluster:delete_all_projects': 'DELETE /v1/clusters/{cluster} of any project',
  'cluster:detail_all_projects': 'GET /v1/clusters/detail of every project',
  'cluster:get_one_all_projects': 'GET /v1/clusters/{cluster} of any project, its events, operations and nodes',
  'cluster:get_all_all_projects': 'GET /v1/clusters of every project',
  'cluster:update_all_projects': 'PATCH, resize, repair and node groups of clusters of any project',
  'cluster:upgrade_all_projects': 'POST /v1/clusters/{cluster}/actions/upgrade in any project',
  'clustertemplate:publish': 'setting or clearing `public` and `hidden` of a cluster template',
  'clustertemplate:delete_all_projects': 'DELETE /v1/clustertemplates/{template} of any project',
  'clustertemplate:detail_all_projects': 'GET /v1/clustertemplates/detail of every project',
  'clustertemplate:get_one_all_projects': 'GET /v1/clustertemplates/{template} of any project',
  'clustertemplate:get_all_all_projects': 'GET /v1/clustertemplates of every project',
  'clustertemplate:update_all_projects': 'PATCH /v1/clustertemplates/{template} of any project',
  'nodegroup:get_all_all_projects': 'GET /v1/clusters/{cluster}/nodegroups in any project',
  'nodegroup:get_one_all_projects': 'GET /v1/clusters/{cluster}/nodegroups/{group} in any project',
};
