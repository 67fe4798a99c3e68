import type { EndpointSpec } from '../../src/http/endpoint.js';
import type { Rule } from '../../src/policy/default-rules.js';

/** Whose the thing is that is asked for, seen from the caller. */
export type Relation = 'own' | 'foreign' | 'public' | 'hidden';

export interface Caller {
  readonly name: string;
  readonly project: 'demo' | 'other' | 'admin';
  readonly roles: readonly string[];
  /** Whether he has made what his project has. */
  readonly maker: boolean;
}

/** Keystone’s admin role implies member and reader. */
export const CALLERS: readonly Caller[] = [
  { name: 'admin', project: 'admin', roles: ['admin', 'member', 'reader'], maker: true },
  { name: 'member', project: 'demo', roles: ['member', 'reader'], maker: true },
  { name: 'colleague', project: 'demo', roles: ['member', 'reader'], maker: false },
  { name: 'reader', project: 'demo', roles: ['reader'], maker: false },
  { name: 'none', project: 'demo', roles: ['service'], maker: false },
  { name: 'other', project: 'other', roles: ['member', 'reader'], maker: true },
];

type Permit = 'reader' | 'member' | 'member without admin' | 'maker who reads' | 'maker who is member' | 'admin';

/** What a rule means, in the words of the reference, sections 2.1, 3.3, 8.6 and 11. Not derived from the code under test. */
interface Access {
  readonly permit: Permit;
  /** What an unprivileged caller learns of what he cannot see. */
  readonly first: 'policy' | 'lookup';
  /** Whether administrators reach other projects. */
  readonly wide: boolean;
  /** What foreign things are; 404 when not said. */
  readonly foreign?: number;
  /** Who may do it to a public template of another project. */
  readonly onPublic?: 'anybody' | 'who is permitted';
}

const read: Access = { permit: 'reader', first: 'lookup', wide: true };
const write: Access = { permit: 'member', first: 'lookup', wide: true };
const list: Access = { permit: 'reader', first: 'policy', wide: true };
const groupWrite: Access = { permit: 'member', first: 'policy', wide: true };
const admin: Access = { permit: 'admin', first: 'policy', wide: true };
const ownNumbers: Access = { permit: 'reader', first: 'policy', wide: true, foreign: 403 };

/** By the first rule of a route. */
export const ACCESS: Readonly<Partial<Record<Rule, Access>>> = {
  'certificate:create': { permit: 'maker who is member', first: 'lookup', wide: false, foreign: 400 },
  'certificate:get': { permit: 'maker who reads', first: 'lookup', wide: false },
  'certificate:rotate_ca': { permit: 'member', first: 'lookup', wide: false },
  'cluster:create': { ...write, onPublic: 'who is permitted' },
  'cluster:delete': write,
  'cluster:update': write,
  'cluster:resize': write,
  'cluster:upgrade': write,
  'cluster:repair': write,
  'cluster:detail': list,
  'cluster:get': read,
  'cluster:get_all': list,
  'clustertemplate:create': groupWrite,
  'clustertemplate:delete': write,
  'clustertemplate:update': write,
  'clustertemplate:detail': list,
  'clustertemplate:get': { ...read, onPublic: 'anybody' },
  'clustertemplate:get_all': list,
  'credential:rotate': { permit: 'member without admin', first: 'lookup', wide: false },
  'federation:create': groupWrite,
  'federation:delete': groupWrite,
  'federation:update': groupWrite,
  'federation:detail': list,
  'federation:get': list,
  'federation:get_all': list,
  'kubeconfig:get': { permit: 'reader', first: 'lookup', wide: false },
  'magnum-service:get_all': admin,
  'nodegroup:get': list,
  'nodegroup:get_all': list,
  'nodegroup:create': groupWrite,
  'nodegroup:delete': groupWrite,
  'nodegroup:update': groupWrite,
  'quota:get': ownNumbers,
  'quota:get_all': admin,
  'quota:create': admin,
  'quota:delete': admin,
  'quota:update': admin,
  'stats:get_all': ownNumbers,
};

/** @param relation null: the route is about nothing in particular. @param passes the answer to who is let through */
export function expectedStatus(spec: EndpointSpec, caller: Caller, relation: Relation | null, passes: number): number {
  if (spec.rules === 'public') return passes;
  const access = ACCESS[spec.rules[0] as Rule];
  if (!access) throw new Error(`nobody has said what ${spec.rules.join()} means: add it to access.ts`);
  const permitted = isPermitted(access.permit, caller);
  if (relation === null || relation === 'own') return permitted ? passes : 403;
  if (access.first === 'policy' && !permitted) return 403;
  if (access.wide && caller.roles.includes('admin')) return permitted ? passes : 403;
  if (relation !== 'public') return access.foreign ?? 404;
  if (access.onPublic === 'anybody') return passes;
  return access.onPublic === 'who is permitted' && permitted ? passes : 403;
}

function isPermitted(permit: Permit, { roles, maker }: Caller): boolean {
  const isAdmin = roles.includes('admin');
  switch (permit) {
    case 'reader':
      return isAdmin || roles.includes('reader');
    case 'member':
      return isAdmin || roles.includes('member');
    case 'member without admin':
      return roles.includes('member');
    case 'maker who reads':
      return isAdmin || (roles.includes('reader') && maker);
    case 'maker who is member':
      return isAdmin || (roles.includes('member') && maker);
    case 'admin':
      return isAdmin;
  }
}
