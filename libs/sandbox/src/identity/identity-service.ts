import { openRoute } from '../server/call.js';
import type { Json, Reply } from '../server/call.js';
import type { Service } from '../server/service.js';
import { applicationCredentialRoutes } from './application-credentials.js';
import type { Identity } from './identity.js';
import { projectRoutes } from './projects.js';
import { roleRoutes } from './roles.js';
import { serviceRoutes } from './services.js';
import { tokenRoutes } from './tokens.js';
import { trustRoutes } from './trusts.js';
import { userRoutes } from './users.js';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Request Entity Too Large',
};

/** Keystone v3. */
export function identityService(identity: Identity): Service {
  const version = (): Json => ({
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${identity.cloud.baseUrl}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  });
  const versions = (): Reply => ({ status: 300, body: { versions: { values: [version()] } } });
  return {
    name: 'identity',
    prefix: 'identity',
    versions: ['v3'],
    rootRoutes: [openRoute('GET', '/', versions)],
    routes: [
      openRoute('GET', '/', () => ({ status: 200, body: { version: version() } })),
      ...tokenRoutes(identity),
      ...userRoutes(identity),
      ...projectRoutes(identity),
      ...roleRoutes(identity),
      ...trustRoutes(identity),
      ...applicationCredentialRoutes(identity),
      ...serviceRoutes(identity),
    ],
    error: (error) => ({
      error: { code: error.status, message: error.message, title: titles[error.status] ?? 'Internal Server Error' },
    }),
  };
}
