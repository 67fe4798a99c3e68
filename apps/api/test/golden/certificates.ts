import { storeAuthorities, UnitOfWork } from '#libs/db';
import { createClusterAuthorities } from '#libs/pki';
import { certificateRequest } from '../certificate-request.js';
import { completeCluster, makeCluster, makeTemplate, sql, type Scenario } from './scenario.js';

const path = '/v1/certificates';

export const certificates: Scenario = {
  resource: 'certificates',
  async run(g) {
    await makeTemplate(g, 't');
    const uuid = await makeCluster(g, 'k1');
    const { csr } = await certificateRequest('O=system:masters, CN=admin');
    const sign = { cluster_uuid: 'k1', csr };
    await g.ask(409, 'show: not made yet', `GET ${path}/k1`);
    await g.ask(409, 'show by type: not made yet', `GET ${path}/k1/etcd`);
    await g.ask(409, 'sign: not made yet', `POST ${path}`, { body: sign });
    const authorities = await createClusterAuthorities('k1');
    const uow = new UnitOfWork(g.api.database.source);
    await uow.run((tx) => storeAuthorities(g.api.parts.secrets, tx, uuid, authorities));
    await completeCluster(g, uuid);

    await g.ask(200, 'show', `GET ${path}/${uuid}`);
    await g.ask(200, 'show, without a microversion', `GET ${path}/k1`, { version: null });
    await g.ask(200, 'show the authority of etcd', `GET ${path}/k1?ca_cert_type=etcd`);
    await g.ask(200, 'show by type', `GET ${path}/k1/front-proxy`);
    await g.ask(201, 'sign', `POST ${path}`, { body: sign });
    await g.ask(201, 'sign for a word', `POST ${path}`, { body: { ...sign, ca_cert_type: 'kubelet' } });
    await g.ask(403, 'sign for etcd', `POST ${path}`, { body: { ...sign, ca_cert_type: 'etcd' } });
    await g.ask(400, 'sign: a cluster that is not there', `POST ${path}`, { body: { cluster_uuid: 'nope', csr } });
    await g.ask(400, 'sign: another project’s cluster', `POST ${path}`, { as: 'other', body: sign });
    await g.ask(400, 'sign: no request', `POST ${path}`, { body: { cluster_uuid: 'k1' } });
    await g.ask(400, 'sign: no certificate request', `POST ${path}`, { body: { cluster_uuid: 'k1', csr: 'garbage' } });
    await g.ask(400, 'sign: links', `POST ${path}`, { body: { ...sign, links: [] } });
    await g.ask(403, 'sign: a colleague', `POST ${path}`, { as: 'colleague', body: sign });
    await g.ask(403, 'show: a colleague', `GET ${path}/k1`, { as: 'colleague' });
    await g.ask(404, 'show: another project’s', `GET ${path}/k1`, { as: 'other' });
    await g.ask(404, 'show: another project’s, to an administrator', `GET ${path}/k1`, { as: 'admin' });
    await g.ask(404, 'show by type: another project’s', `GET ${path}/k1/etcd`, { as: 'other' });
    await g.ask(403, 'show by type: a colleague', `GET ${path}/k1/etcd`, { as: 'colleague' });
    await g.ask(400, 'show: a parameter that is not there', `GET ${path}/k1?type=etcd`);
    await makeCluster(g, 'twins');
    const twin = await makeCluster(g, 'twins');
    await g.ask(409, 'show: several of this name', `GET ${path}/twins`);
    await g.ask(409, 'show by type: several of this name', `GET ${path}/twins/etcd`);
    await g.ask(409, 'sign: several of this name', `POST ${path}`, { body: { ...sign, cluster_uuid: 'twins' } });
    await g.ask(409, 'kubeconfig: several of this name', 'GET /v1/clusters/twins/kubeconfig');
    await g.ask(409, 'kubeconfig for a key: several of this name', 'POST /v1/clusters/twins/kubeconfig', { body: { csr } });
    await sql(g, 'DELETE FROM clusters WHERE uuid = $1', twin);

    const kubeconfig = '/v1/clusters/k1/kubeconfig';
    await g.ask(200, 'kubeconfig', `GET ${kubeconfig}`);
    await g.ask(200, 'kubeconfig for a while', `GET ${kubeconfig}?minutes=10`);
    await g.ask(200, 'kubeconfig for a key', `POST ${kubeconfig}`, { body: { csr, minutes: 30 } });
    await g.ask(400, 'kubeconfig for too long', `GET ${kubeconfig}?minutes=9999`);
    await g.ask(400, 'kubeconfig for no key', `POST ${kubeconfig}`, { body: { csr: 'garbage' } });
    await g.ask(404, 'kubeconfig: another project’s', `GET ${kubeconfig}`, { as: 'other' });
    await g.ask(404, 'kubeconfig for a key: another project’s', `POST ${kubeconfig}`, { as: 'other', body: { csr } });
  },
};
