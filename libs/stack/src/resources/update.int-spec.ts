import { Cloud, type CloudSession } from '#libs/openstack';
import { startSandbox, type Sandbox } from '#libs/sandbox';
import { after, afterEach, before } from 'node:test';
import { itUpdates } from './test/update-cases.js';
import { World } from './test/world.js';

let sandbox: Sandbox;
let cloud: Cloud;
let session: CloudSession;
let world: World;

before(async () => {
  sandbox = await startSandbox({ latencies: 'zero', guests: false });
  cloud = new Cloud({ authUrl: sandbox.authUrl, region: 'sandbox', observeIntervalMs: 5 });
  const { username = '', password = '', project_name } = sandbox.clouds.demo.auth;
  session = cloud.session({ kind: 'password', username, password, userDomainName: 'Default', projectName: project_name });
});
after(async () => {
  await cloud.close();
  await sandbox.close();
});
afterEach(() => world?.cleanUp());

itUpdates(async () => (world = new World(session, await session.projectId(), 5)));
