import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { StackResourceEntity } from '#libs/db';
import { TestInstallation } from './installation.js';

describe('a cluster, from the request to the cloud and back', () => {
  let it_: TestInstallation;
  let template: string;
  before(async () => {
    it_ = await TestInstallation.start({ guests: false });
    template = await it_.template();
  });
  after(() => it_.close());

  it('is deleted while it is being made, and leaves nothing', async () => {
    const before = await it_.inventory();
    const uuid = await it_.create({ cluster_template_id: template });
    await it_.until(uuid, (cluster) => cluster?.api_address !== null);
    const servers = async (): Promise<number> =>
      it_.database.source.manager.countBy(StackResourceEntity, { type: 'OS::Nova::Server', status: 'COMPLETE' });
    while ((await servers()) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    await it_.request('DELETE', `/clusters/${uuid}`);
    assert.equal(await it_.until(uuid, (cluster) => cluster === null || cluster.status === 'DELETE_FAILED'), null);
    assert.deepEqual(await it_.inventory(), before);
  });
});
