import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadConfig, type Settings } from '#libs/config';
import {
  clusterOwner,
  ClusterWorkRepository,
  operationOwner,
  OperationsRepository,
  SecretStore,
  StacksRepository,
  UnitOfWork,
  type ClusterEntity,
} from '#libs/db';
import { OperationFailure } from '#libs/domain';
import { Cloud, type CloudSession } from '#libs/openstack';
import { KeyRing } from '#libs/pki';
import { startSandbox, type Sandbox } from '#libs/sandbox';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { stepContext } from '../../../test/context.js';
import { insertCluster } from '../../../test/rows.js';
import { ClusterIdentity } from '../../cloud/cluster-identity.js';
import { RotatedTrustees } from '../../cloud/rotated-trustees.js';
import { Trustees } from '../../cloud/trustees.js';
import { SERVICE } from '../service-scope.js';
import { DeleteTrustStep } from './delete-trust.step.js';
import { Stacks } from '#libs/stack';
import { TrustStep } from './trust.step.js';

describe('the trust between a user and a cluster', () => {
  let database: TestDatabase;
  let sandbox: Sandbox;
  let cloud: Cloud;
  let settings: Settings;
  let secrets: SecretStore;
  let clusters: ClusterWorkRepository;
  let uow: UnitOfWork;
  let identity: ClusterIdentity;
  let demo: CloudSession;

  before(async () => {
    [database, sandbox] = await Promise.all([testDatabase(), startSandbox({ latencies: 'zero', guests: false })]);
    settings = loadConfig({
      DATABASE_URL: database.url,
      KEYSTONE_AUTH_URL: sandbox.authUrl,
      KEYSTONE_USERNAME: 'jeroboam',
      KEYSTONE_PASSWORD: sandbox.passwords.jeroboam,
      TRUSTEE_DOMAIN_ADMIN: 'jeroboam_domain_admin',
      TRUSTEE_DOMAIN_ADMIN_PASSWORD: sandbox.passwords.jeroboam_domain_admin,
      SECRETS_KEY_RING: `k:${Buffer.alloc(32, 1).toString('base64')}`,
    });
    cloud = new Cloud({ authUrl: sandbox.authUrl });
    secrets = new SecretStore(database.source, new KeyRing(settings.SECRETS_KEY_RING));
    clusters = new ClusterWorkRepository(database.source);
    uow = new UnitOfWork(database.source);
    identity = new ClusterIdentity(cloud, secrets, settings);
    demo = cloud.session({
      kind: 'password',
      username: 'demo',
      password: sandbox.passwords.demo,
      userDomainName: 'Default',
      projectName: 'demo',
      projectDomainName: 'Default',
    });
  });
  after(async () => {
    await cloud.close();
    await sandbox.close();
    await database.close();
  });

  async function asked(token?: string): Promise<{ cluster: ClusterEntity; ctx: ReturnType<typeof stepContext> }> {
    const { userId, projectId } = await demo.whoAmI();
    const cluster = await insertCluster(database, { userId, projectId: projectId ?? '' });
    const ctx = stepContext(database, cluster);
    await uow.run(async (tx) => secrets.put(tx, operationOwner(ctx.operation.uuid), 'user-token', token ?? (await demo.token())));
    return { cluster, ctx };
  }
  const stacks = (): Stacks =>
    new Stacks({ rows: new StacksRepository(database.source, uow), backends: {}, standard: settings.STACK_BACKEND });
  const trustStep = (): TrustStep => new TrustStep(new Trustees(identity, secrets, stacks()), secrets, clusters);
  const deleteStep = (): DeleteTrustStep => {
    const rotated = new RotatedTrustees(new OperationsRepository(database.source));
    return new DeleteTrustStep(identity, new Trustees(identity, secrets, stacks()), rotated);
  };
  const reload = async (cluster: ClusterEntity): Promise<ClusterEntity> => {
    const found = await clusters.find(SERVICE, cluster.uuid);
    assert.ok(found);
    return found;
  };
  async function trustees(cluster: ClusterEntity): Promise<string[]> {
    const users = await identity.trusteeAdmin().identity.users.list({ name: cluster.uuid });
    return users.map((user) => user.id);
  }

  it('lets the cluster act as its owner, with the owner’s roles, after the token has gone', async () => {
    const { cluster, ctx } = await asked();
    await trustStep().run(ctx);
    const made = await reload(cluster);
    const owner = await identity.owner(made);
    assert.ok(owner);
    const [as, of] = [await owner.whoAmI(), await demo.whoAmI()];
    assert.deepEqual([as.userId, as.projectId, as.trust?.id], [of.userId, of.projectId, made.trustId]);
    assert.deepEqual(as.roles.map((role) => role.name).toSorted(), of.roles.map((role) => role.name).toSorted());
    assert.equal(await secrets.find(operationOwner(ctx.operation.uuid), 'user-token'), null);
  });

  it('finds user and trust again when it died before it wrote them down', async () => {
    const { cluster, ctx } = await asked();
    const dying = stepContext(database, cluster, {
      operation: ctx.operation,
      write: async (unit) =>
        uow.run(async (tx) => {
          const result = await unit(tx);
          if (
            (await tx.manager.query('SELECT 1 FROM clusters WHERE uuid = $1 AND trust_id IS NOT NULL', [cluster.uuid])).length > 0
          ) {
            throw new Error('died');
          }
          return result;
        }),
    });
    await assert.rejects(trustStep().run(dying), /died/);
    const [user] = await trustees(cluster);
    await trustStep().run({ ...ctx, attempt: 2 });
    const made = await reload(cluster);
    assert.deepEqual(await trustees(cluster), [user]);
    assert.equal(made.trusteeUserId, user);
    const trusts = await demo.identity.trusts.list({ trustor_user_id: (await demo.whoAmI()).userId });
    assert.deepEqual(
      trusts.filter((trust) => trust.trustee_user_id === user).map((trust) => trust.id),
      [made.trustId],
    );
    assert.ok(await (await identity.owner(made))?.whoAmI());
  });

  it('is taken away with its user, once or twice, written down or not', async () => {
    const { cluster, ctx } = await asked();
    await trustStep().run(ctx);
    const made = await reload(cluster);
    const remove = deleteStep();
    await remove.run(stepContext(database, made));
    assert.deepEqual(await trustees(cluster), []);
    await remove.run(stepContext(database, made));

    const half = await asked();
    await trustStep().run(half.ctx);
    await remove.run(stepContext(database, half.cluster));
    assert.deepEqual(await trustees(half.cluster), []);
    const left = await identity.service().identity.trusts.list({});
    assert.ok(!left.some((trust) => trust.id === made.trustId));
  });

  it('cannot be made from an application credential: the reason says so and what to do', async () => {
    const { userId } = await demo.whoAmI();
    const response = await fetch(`${sandbox.authUrl}/users/${userId}/application_credentials`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-auth-token': await demo.token() },
      body: JSON.stringify({ application_credential: { name: 'ci' } }),
    });
    const { application_credential: made } = (await response.json()) as {
      application_credential: { id: string; secret: string };
    };
    const session = cloud.session({ kind: 'application-credential', id: made.id, secret: made.secret });
    const { cluster, ctx } = await asked(await session.token());
    await assert.rejects(
      trustStep().run(ctx),
      (error) =>
        error instanceof OperationFailure &&
        error.code === 'application-credential-cannot-delegate' &&
        /password login/.test(error.message),
    );
    assert.deepEqual(await trustees(cluster), []);
  });

  it('says what to do when the token is no longer good, and keeps no token', async () => {
    const { cluster, ctx } = await asked('gAAAAA-not-a-token');
    await assert.rejects(trustStep().run(ctx), (error) => error instanceof OperationFailure && error.code === 'token-expired');
    assert.deepEqual(await trustees(cluster), []);
    assert.equal(await secrets.find(clusterOwner(cluster.uuid), 'trustee-password'), null);
  });

  it('is taken away by the service when the owner is disabled', async () => {
    const { cluster, ctx } = await asked();
    await trustStep().run(ctx);
    const { userId } = await demo.whoAmI();
    const admin = cloud.session({
      kind: 'password',
      username: 'admin',
      password: sandbox.passwords.admin,
      userDomainName: 'Default',
      projectName: 'admin',
      projectDomainName: 'Default',
    });
    await admin.identity.users.update(userId, { enabled: false });
    try {
      await deleteStep().run(stepContext(database, await reload(cluster)));
      assert.deepEqual(await trustees(cluster), []);
    } finally {
      await admin.identity.users.update(userId, { enabled: true });
    }
  });
});
