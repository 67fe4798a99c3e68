import type { Settings } from '#libs/config';
import type { Credentials } from '#libs/openstack';

/** The service user in the service project: it validates tokens, and can do what nobody else can do any more. */
export function serviceCredentials(settings: Settings): Credentials {
  return {
    kind: 'password',
    username: settings.KEYSTONE_USERNAME,
    password: settings.KEYSTONE_PASSWORD,
    userDomainName: settings.KEYSTONE_USER_DOMAIN_NAME,
    projectName: settings.KEYSTONE_PROJECT_NAME,
    projectDomainName: settings.KEYSTONE_PROJECT_DOMAIN_NAME,
  };
}
