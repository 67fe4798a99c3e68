import type { CloudSession } from '../session.js';
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

  constructor(session: CloudSession) {
    this.users = new Users(session);
    this.trusts = new Trusts(session);
    this.projects = new Projects(session);
    this.domains = new Domains(session);
    this.roles = new Roles(session);
    this.tokens = new Tokens(session);
  }
}
