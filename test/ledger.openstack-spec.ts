import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { loadConfig } from '#libs/config';
import { LedgerRepository, OperationsRepository, UnitOfWork } from '#libs/db';
import { Cloud, type CloudSession } from '#libs/openstack';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { ConductorModule } from '../apps/conductor/src/conductor.module.js';
import { CleanOrphans } from '../apps/conductor/src/ledger/clean-orphans.js';
import { LedgerScan } from '../apps/conductor/src/ledger/ledger-scan.js';
import { LeaseKeeper } from '../apps/conductor/src/leases/lease-keeper.js';
import { SERVICE } from '../apps/conductor/src/operations/service-scope.js';
import { openParts, type ConductorParts } from '../apps/conductor/src/parts.js';
import { readBench } from './support/bench-site.js';

/** The look at a real cloud: its lists are read, what is ours is found and removed, all the rest stays as it is. */
describe('the ledger and real OpenStack services', () => {
  const signal = new AbortController().signal;
  const gone = randomUUID();
  const made: (() => Promise<unknown>)[] = [];
  let database: TestDatabase;
  let parts: ConductorParts;
  let app: INestApplicationContext;
  let cloud: Cloud;
  let admin: CloudSession;
  let trustees: CloudSession;

  before(async () => {
    const { authUrl, password } = readBench();
    database = await testDatabase();
    const settings = loadConfig({
      DATABASE_URL: database.url,
      QUEUE_PREFIX: `test-${randomUUID()}`,
      KEYSTONE_AUTH_URL: authUrl,
      KEYSTONE_REGION: 'RegionOne',
      KEYSTONE_USERNAME: 'magnum',
      KEYSTONE_PASSWORD: password,
      TRUSTEE_DOMAIN_NAME: 'magnum',
      TRUSTEE_DOMAIN_ADMIN: 'magnum_domain_admin',
      TRUSTEE_DOMAIN_ADMIN_PASSWORD: password,
      SECRETS_KEY_RING: `k:${Buffer.alloc(32, 1).toString('base64')}`,
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    });
    parts = await openParts(settings);
    app = await NestFactory.createApplicationContext(ConductorModule.from(parts), { logger: false, abortOnError: false });
    app.get(LeaseKeeper).start();
    cloud = new Cloud({ authUrl });
    const login = { kind: 'password', password } as const;
    const project = { projectName: 'admin', projectDomainName: 'Default' };
    admin = cloud.session({ ...login, username: 'admin', userDomainName: 'Default', ...project });
    trustees = cloud.session({ ...login, username: 'magnum_domain_admin', userDomainName: 'magnum', domainName: 'magnum' });
    const { projectId } = await admin.whoAmI();
    await new UnitOfWork(parts.source).run(async (tx) => {
      const uuid = randomUUID();
      const operation = { uuid, clusterUuid: gone, projectId: projectId ?? '', userId: 'u', requestId: 'req-test' };
      const operations = new OperationsRepository(parts.source);
      await operations.insert(tx, { ...operation, kind: 'delete', request: {}, deadlineMinutes: null });
      await operations.finish(tx, uuid, 'complete');
    });
  });
  after(async () => {
    for (const undo of made.toReversed()) await undo();
    app?.get(LeaseKeeper).stop();
    await app?.close();
    await parts?.close();
    await cloud?.close();
    await database?.close();
  });

  const look = async (): Promise<string[]> => {
    const { found } = await app.get(LedgerScan).run(signal);
    return found.map((one) => `${one.class} ${one.kind}`).toSorted();
  };

  it('finds nothing of its own where it has made nothing, whoever else works there', async () => {
    assert.deepEqual(await look(), []);
  });

  it('finds and removes what is left of a cluster of its own, and nothing that only looks like it', async (t) => {
    const { networks, subnets, ports, securityGroups } = admin.network;
    const key = (of = gone): string => `jeroboam:${of}:${randomUUID()}`;
    const short = gone.replaceAll('-', '').slice(0, 12);
    const network = await networks.create({ name: 'left', description: key() });
    made.push(() => networks.delete(network.id));
    await subnets.create({ network_id: network.id, cidr: '10.251.0.0/24', ip_version: 4, description: key() });
    const port = await ports.create({ network_id: network.id, description: key() });
    made.push(() => ports.delete(port.id));
    const group = await securityGroups.create({ name: 'left', description: key() });
    made.push(() => securityGroups.delete(group.id));
    const servers = await admin.compute.serverGroups.create({ name: `k1-${short}-worker-server-group`, policy: 'anti-affinity' });
    made.push(() => admin.compute.serverGroups.delete(servers.id));
    const { domainId } = await trustees.whoAmI();
    const user = await trustees.identity.users.create({
      name: gone,
      domain_id: domainId,
      password: randomUUID(),
      description: `jeroboam: trustee of cluster k1 (${gone})`,
    });
    made.push(() => trustees.identity.users.delete(user.id));
    const decoys = await Promise.all(
      [key(randomUUID()), `see jeroboam:${gone}`, `${key()} and more`].map((description) =>
        securityGroups.create({ name: 'decoy', description }),
      ),
    );
    for (const decoy of decoys) made.push(() => securityGroups.delete(decoy.id));

    assert.deepEqual(await look(), [
      'orphan OS::Neutron::Net',
      'orphan OS::Neutron::Port',
      'orphan OS::Neutron::SecurityGroup',
      'orphan OS::Neutron::Subnet',
      'orphan OS::Nova::ServerGroup',
      'orphan user',
    ]);
    const cleaned = await app.get(CleanOrphans).run(await app.get(LedgerRepository).list(SERVICE), 0, signal);
    t.diagnostic(cleaned.map(({ finding, outcome, why }) => `${finding.kind} ${outcome} ${why ?? ''}`).join('; '));
    assert.ok(cleaned.every(({ outcome }) => outcome === 'removed'));
    assert.deepEqual(await look(), []);
    for (const decoy of decoys) assert.equal((await securityGroups.get(decoy.id)).id, decoy.id);
  });
});
