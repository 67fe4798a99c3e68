import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { StackResourceEntity } from '#libs/db';
import { TestInstallation } from './installation.js';

describe('a cluster, from the request to the cloud and back', () => {
  let site: TestInstallation;
  let template: string;
  before(async () => {
    site = await TestInstallation.start({ guests: false });
    template = await site.template();
  });
  after(() => site.close());

  it('is deleted while it is being made, and leaves nothing', async () => {
    const before = await site.inventory();
    const uuid = await site.create({ cluster_template_id: template });
    await site.until(uuid, (cluster) => cluster?.api_address !== null);
    const servers = async (): Promise<number> =>
      site.database.source.manager.countBy(StackResourceEntity, { type: 'OS::Nova::Server', status: 'COMPLETE' });
    while ((await servers()) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    await site.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await site.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED'), null);
    assert.deepEqual(await site.inventory(), before);
  });
});
