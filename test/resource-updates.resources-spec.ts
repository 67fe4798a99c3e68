import { Cloud, type CloudSession } from '#libs/openstack';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { parse } from 'yaml';
import { itUpdates } from '../libs/stack/src/resources/test/update-cases.js';
import { World } from '../libs/stack/src/resources/test/world.js';
import { BENCH, readBench } from './support/bench-site.js';

let cloud: Cloud;
let session: CloudSession;
let world: World | undefined;

/** The same table on real Neutron, Nova, Octavia and Cinder (docs/testing.md). */
before(() => {
  readBench();
  const path = join(BENCH, 'clouds.yaml');
  const { demo } = (parse(readFileSync(path, 'utf8')) as { clouds: Record<string, { auth: Record<string, string> }> }).clouds;
  const { auth_url: authUrl = '', username = '', password = '', project_name: projectName = '' } = demo?.auth ?? {};
  cloud = new Cloud({ authUrl, region: 'RegionOne' });
  session = cloud.session({ kind: 'password', username, password, userDomainName: 'Default', projectName });
});
after(() => cloud.close());
afterEach(() => world?.cleanUp());

itUpdates(async () => (world = new World(session, await session.projectId(), 500)));
