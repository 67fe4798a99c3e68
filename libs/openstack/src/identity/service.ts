import type { ServiceApi } from '../service-api.js';
import { Domains } from './domains.js';
import { Projects } from './projects.js';
import { Roles } from './roles.js';
import { Tokens } from './tokens.js';
import { Trusts } from './trusts.js';
import { Users } from './users.js';

/** Keystone. */
export class IdentityService {
  readonly users: Users;
  readonly trusts: Trusts;
  readonly projects: Projects;
  readonly domains: Domains;
  readonly roles: Roles;
  readonly tokens: Tokens;

  constructor(api: ServiceApi) {
    this.users = new Users(api);
    this.trusts = new Trusts(api);
    this.projects = new Projects(api);
    this.domains = new Domains(api);
    this.roles = new Roles(api);
    this.tokens = new Tokens(api);
  }
}
