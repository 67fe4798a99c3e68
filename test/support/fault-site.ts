import assert from 'node:assert/strict';
import type { CloudSession } from '#libs/openstack';
import type { FaultRule, GuestFault, SandboxOptions } from '#libs/sandbox';
import { createConductor } from '../../apps/conductor/src/create-conductor.js';
import { TestInstallation, type ClusterView } from '../../apps/conductor/test/installation.js';
import { counted, inventoryOf, refuseSecrets, type Inventory } from './inventory.js';

export type ShownCluster = ClusterView & { readonly faults?: Readonly<Record<string, string>> };

/** Calls of the cloud are given up after this: a cloud that hangs must not hang the test. */
const IMPATIENT = { connectMs: 1_000, headersMs: 1_500, bodyMs: 1_500 };

const ended = (cluster: ClusterView | null): boolean => cluster === null || /_(COMPLETE|FAILED)$/.test(cluster.status);
const goneOrFailed = (cluster: ClusterView | null): boolean => cluster === null || cluster.status === 'DELETE_FAILED';

/** A whole Jeroboam in this process on an instant cloud, for failures: what is made is counted, what is left is an error. */
export class FaultSite {
  private constructor(
    readonly site: TestInstallation,
    readonly template: string,
    private empty: Inventory,
  ) {}

  static async start(sandbox: SandboxOptions = {}, env: Record<string, string> = {}): Promise<FaultSite> {
    const site = await TestInstallation.start(sandbox, { SWEEP_SECONDS: '0.5', ...env }, IMPATIENT);
    try {
      await site.database.source.query(`CREATE TABLE test_deadline (seconds real)`);
      await site.database.source.query(`CREATE FUNCTION test_deadline() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.deadline_at := coalesce((SELECT now() + seconds * interval '1 second' FROM test_deadline), NEW.deadline_at);
        RETURN NEW; END $$`);
      await site.database.source.query(
        `CREATE TRIGGER test_deadline BEFORE INSERT ON operations FOR EACH ROW WHEN (NEW.kind = 'create') EXECUTE FUNCTION test_deadline()`,
      );
      const template = await site.template();
      return new FaultSite(site, template, await inventoryOf(site.sandbox.adminUrl));
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.site.close();
  }

  async fault(...rules: readonly FaultRule[]): Promise<void> {
    for (const rule of rules) assert.equal((await this.admin('POST', '/faults', rule)).status, 201);
  }

  /** @returns how often each of the faults in force has struck */
  async struck(): Promise<number[]> {
    const { faults } = (await (await this.admin('GET', '/faults')).json()) as { faults: { struck: number }[] };
    return faults.map((fault) => fault.struck);
  }

  async healCloud(): Promise<void> {
    await this.admin('DELETE', '/faults');
  }

  async guestFaults(...faults: readonly GuestFault[]): Promise<void> {
    assert.equal((await this.admin('PUT', '/guest-faults', { faults })).status, 200);
  }

  /** Creates asked for from now on have so many seconds, whatever `create_timeout` says; null: as they say. */
  async createSeconds(seconds: number | null): Promise<void> {
    const { source } = this.site.database;
    await source.query('DELETE FROM test_deadline');
    if (seconds !== null) await source.query('INSERT INTO test_deadline VALUES ($1)', [seconds]);
  }

  create(overrides: Record<string, unknown> = {}): Promise<string> {
    return this.site.create({ cluster_template_id: this.template, node_count: 1, ...overrides });
  }

  /** The cluster when its operation has ended. */
  async settled(uuid: string): Promise<ShownCluster> {
    const cluster = await this.site.until(uuid, ended);
    assert.ok(cluster, 'the cluster is there');
    return cluster;
  }

  /** Asks for the delete and sees it to its end: no row, no object, no user, no trust. */
  async remove(uuid: string): Promise<void> {
    await this.site.request('DELETE', `/clusters/${uuid}`);
    await this.removed(uuid);
  }

  /** @throws the delete fails, or anything is left */
  async removed(uuid: string): Promise<void> {
    const left = await this.site.until(uuid, goneOrFailed);
    assert.equal(left && `${left.status}: ${left.status_reason}`, null);
    await this.assertEmpty();
  }

  /** After each test: the cloud works again, and what a failed test has left does not fail the next one. */
  async heal(): Promise<void> {
    await this.healCloud();
    await this.guestFaults();
    await this.createSeconds(null);
    const { clusters } = await this.site.request<{ clusters: { uuid: string }[] }>('GET', '/clusters');
    for (const { uuid } of clusters) {
      await this.site.request('DELETE', `/clusters/${uuid}`);
      await this.site.until(uuid, goneOrFailed);
    }
    this.empty = await this.inventory();
  }

  /** As `remove`, and then takes away what the test itself has put there. */
  async removeBut(uuid: string, cleanUp: () => Promise<void>): Promise<void> {
    await this.site.request('DELETE', `/clusters/${uuid}`);
    const left = await this.site.until(uuid, goneOrFailed);
    assert.equal(left && `${left.status}: ${left.status_reason}`, null);
    await cleanUp();
    await this.assertEmpty();
  }

  asDemo(): Promise<void> {
    return this.site.actAs('demo', this.site.sandbox.passwords.demo, 'demo');
  }

  /** After `site.conductor.stop()`. */
  async restartConductor(): Promise<void> {
    this.site.conductor = await createConductor(this.site.parts);
    await this.site.conductor.start();
  }

  async assertEmpty(): Promise<void> {
    const now = await this.inventory();
    assert.deepEqual(counted(now, this.empty), {}, 'nothing is left in the cloud');
    assert.deepEqual(counted(this.empty, now), {}, 'nothing of others is gone');
  }

  /** What has been made since the start, by kind. */
  async made(): Promise<Record<string, number>> {
    return counted(await this.inventory(), this.empty);
  }

  inventory(): Promise<Inventory> {
    return inventoryOf(this.site.sandbox.adminUrl);
  }

  /** The step that the cluster's unfinished operation is in. */
  async step(uuid: string): Promise<string | null> {
    const rows: { step: string | null }[] = await this.site.database.source.query(
      `SELECT step FROM operations WHERE cluster_uuid = $1 AND status = 'running'`,
      [uuid],
    );
    return rows[0]?.step ?? null;
  }

  /** @returns the status code */
  async tryDelete(uuid: string): Promise<number> {
    return this.site.request('DELETE', `/clusters/${uuid}`).then(
      () => 204,
      (error: unknown) => (error as { status?: number }).status ?? 0,
    );
  }

  /** The service in the cloud, an administrator: what people do by hand. */
  byHand(): CloudSession {
    return this.site.parts.cloud.session({
      kind: 'password',
      username: 'jeroboam',
      password: this.site.sandbox.passwords.jeroboam,
      userDomainName: 'Default',
      projectName: 'service',
      projectDomainName: 'Default',
    });
  }

  trusteeAdmin(): CloudSession {
    return this.site.parts.cloud.session({
      kind: 'password',
      username: 'jeroboam_domain_admin',
      password: this.site.sandbox.passwords.jeroboam_domain_admin,
      userDomainName: 'jeroboam',
      domainName: 'jeroboam',
    });
  }

  /** Everything a user or an operator can read of the cluster's history. @throws AssertionError a secret is in it */
  async refuseSecrets(uuid: string): Promise<void> {
    const { source } = this.site.database;
    const rows: unknown[] = await source.query(
      `SELECT row_to_json(e)::text AS text FROM events e WHERE cluster_uuid = $1
       UNION ALL SELECT row_to_json(o)::text FROM operations o WHERE cluster_uuid = $1
       UNION ALL SELECT row_to_json(s)::text FROM operation_steps s JOIN operations o ON o.uuid = s.operation_uuid
         WHERE o.cluster_uuid = $1
       UNION ALL SELECT row_to_json(c)::text FROM clusters c WHERE uuid = $1
       UNION ALL SELECT row_to_json(r)::text FROM stack_resources r JOIN stacks s ON s.uuid = r.stack_uuid
         WHERE s.cluster_uuid = $1`,
      [uuid],
    );
    assert.ok(rows.length > 0, 'there is a history');
    refuseSecrets(JSON.stringify(rows), Object.values(this.site.sandbox.passwords));
  }

  admin(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.site.sandbox.adminUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
