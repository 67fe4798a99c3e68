import type { Store } from '../store/store.js';
import type { Row, Table } from '../store/table.js';

export interface Domain extends Row {
  readonly name: string;
  readonly enabled: boolean;
  readonly description: string;
}

export interface Project extends Row {
  readonly name: string;
  readonly domain_id: string;
  readonly enabled: boolean;
  readonly description: string;
  readonly tags: readonly string[];
}

export interface User extends Row {
  readonly name: string;
  readonly domain_id: string;
  readonly enabled: boolean;
  readonly default_project_id: string | null;
  readonly description: string | null;
  readonly email: string | null;
  /** Salted SHA-256. Never leaves. */
  readonly password_hash: string;
  /** Tokens issued before are void. Milliseconds since the epoch. */
  readonly tokens_valid_from: number;
}

export interface Role extends Row {
  readonly name: string;
}

/** A role of a user on a project, on a domain or on the whole system. */
export interface Assignment extends Row {
  readonly role_id: string;
  readonly user_id: string;
  readonly project_id: string | null;
  readonly domain_id: string | null;
}

export interface Trust extends Row {
  readonly trustor_user_id: string;
  readonly trustee_user_id: string;
  readonly project_id: string | null;
  readonly impersonation: boolean;
  readonly role_ids: readonly string[];
  readonly expires_at: string | null;
  readonly remaining_uses: number | null;
  readonly allow_redelegation: boolean;
}

export interface ApplicationCredential extends Row {
  readonly name: string;
  readonly description: string | null;
  readonly user_id: string;
  readonly project_id: string;
  readonly role_ids: readonly string[];
  readonly expires_at: string | null;
  readonly unrestricted: boolean;
  readonly secret_hash: string;
}

/** The id is what clients send as X-Auth-Token. */
export interface Token extends Row {
  readonly user_id: string;
  readonly methods: readonly string[];
  readonly audit_ids: readonly string[];
  /** Milliseconds since the epoch. */
  readonly issued_at: number;
  readonly expires_at: number;
  readonly project_id: string | null;
  readonly domain_id: string | null;
  readonly system: boolean;
  readonly trust_id: string | null;
  readonly application_credential_id: string | null;
}

export interface CatalogService extends Row {
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
}

export interface Endpoint extends Row {
  readonly service_id: string;
  readonly interface: string;
  readonly region_id: string;
  /** `$(project_id)s` stands for the scope's project, `{base}` for the sandbox's own address. */
  readonly url: string;
  readonly enabled: boolean;
}

export interface IdentityTables {
  readonly domains: Table<Domain>;
  readonly projects: Table<Project>;
  readonly users: Table<User>;
  readonly roles: Table<Role>;
  readonly assignments: Table<Assignment>;
  readonly trusts: Table<Trust>;
  readonly applicationCredentials: Table<ApplicationCredential>;
  readonly tokens: Table<Token>;
  readonly services: Table<CatalogService>;
  readonly endpoints: Table<Endpoint>;
}

export function identityTables(store: Store): IdentityTables {
  return {
    domains: store.table<Domain>('domains', ['name']),
    projects: store.table<Project>('projects', ['name', 'domain_id']),
    users: store.table<User>('users', ['name', 'domain_id']),
    roles: store.table<Role>('roles', ['name']),
    assignments: store.table<Assignment>('assignments', ['user_id', 'project_id', 'domain_id', 'role_id']),
    trusts: store.table<Trust>('trusts', ['trustor_user_id', 'trustee_user_id', 'project_id']),
    applicationCredentials: store.table<ApplicationCredential>('application_credentials', ['user_id', 'project_id']),
    tokens: store.table<Token>('tokens', ['user_id', 'trust_id']),
    services: store.table<CatalogService>('services', []),
    endpoints: store.table<Endpoint>('endpoints', ['service_id']),
  };
}
