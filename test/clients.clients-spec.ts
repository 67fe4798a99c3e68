import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { requirePrograms } from './support/commands.js';
import { openstackStack } from './clients/openstack-stack.js';
import { openstackCli } from './clients/openstack-cli.js';
import { gophercloud, GOPHERCLOUD } from './clients/gophercloud.js';
import { magnumclient, magnumShell, openstacksdk, PYTHON } from './clients/python.js';
import { clusterAutoscaler } from './clients/replay/cluster-autoscaler.js';
import { magnumAutoHealer } from './clients/replay/magnum-auto-healer.js';
import { magnumUi } from './clients/replay/magnum-ui.js';
import { terraform } from './clients/replay/terraform.js';
import { ClientSite, type Account } from './clients/site.js';
import { Table, type ClientRows } from './clients/table.js';

type Client = (rows: ClientRows, account: Account) => Promise<void>;

/** Each with a project of its own; they work at the same time. */
const CLIENTS: Readonly<Record<string, Client>> = {
  'openstack coe': openstackCli,
  'openstack stack': openstackStack,
  'python-magnumclient': magnumclient,
  'magnum (the old program)': magnumShell,
  openstacksdk,
  gophercloud,
  'Horizon magnum-ui (replayed)': magnumUi,
  'cluster-autoscaler (replayed)': clusterAutoscaler,
  'Terraform (replayed)': terraform,
  'magnum-auto-healer (replayed)': magnumAutoHealer,
};
/** For one who works on a client: its name, or several with commas. */
const wanted = process.env['TEST_CLIENTS']?.split(',') ?? Object.keys(CLIENTS);

/**
 * Every client that is known, unmodified or as the requests that it makes, against what `npm start` runs. What a client is
 * able to do is asked of the client: a call that no row shows fails the suite.
 */
describe('the clients of Magnum against the standalone installation', () => {
  const table = new Table();
  let site: ClientSite;

  before(async () => {
    requirePrograms({
      openstack: 'python3-openstackclient',
      [`${PYTHON}/magnumclient`]: 'python3-magnumclient',
      [`${PYTHON}/heatclient`]: 'python3-heatclient',
      [`${PYTHON}/openstack`]: 'python3-openstacksdk',
      go: 'golang-go',
      [GOPHERCLOUD]: 'golang-github-gophercloud-gophercloud-dev',
      kubectl: 'kubernetes-client',
      openssl: 'openssl',
    });
    site = await ClientSite.start();
  });

  after(async () => {
    await site?.stop();
    console.log(`\n${table.text()}\n`);
  });

  describe('each through everything it can do', { concurrency: wanted.length }, () => {
    for (const [name, client] of Object.entries(CLIENTS).filter(([one]) => wanted.includes(one)))
      it(name, async (test) => {
        const rows = table.client(name);
        try {
          await client(rows, await site.account(name.replaceAll(/[^a-z]+/g, '-')));
        } catch (error) {
          rows.add({ call: '(the rest: the client stopped)', result: 'failed', why: String(error) });
        }
        for (const row of table.rows.filter((one) => one.client === name))
          await test.test(row.why && row.result === 'not possible' ? `${row.call} (not possible: ${row.why})` : row.call, () =>
            assert.notEqual(row.result, 'failed', row.why),
          );
      });
  });

  it('every client has told what it is able to do, and the table shows all of it', () => {
    assert.deepEqual(table.clients().toSorted(), wanted.toSorted());
    assert.deepEqual(table.missing(), []);
  });

  it('leaves the cloud as it was', async () => {
    assert.deepEqual(await site.left(), {});
  });
});
