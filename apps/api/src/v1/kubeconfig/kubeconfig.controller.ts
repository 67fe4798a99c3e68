import type { RequestContext } from '#libs/domain';
import { Body, Controller, Get, Header, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { Ctx } from '../../http/request.js';
import { body, integer, query, requiredText } from '../../http/wire.js';
import { MakeKubeconfig } from './make-kubeconfig.js';

const minutes = integer({
  description: 'How long it is good; not given: `KUBECONFIG_MINUTES`; at most `KUBECONFIG_MAX_MINUTES`',
  example: 60,
  min: 5,
  max: 525_600,
  fallback: null,
});
const kubeconfigQuery = query({ minutes });
const kubeconfigBody = body('kubeconfig', 'KubeconfigRequest', 'A kubeconfig for a key of one’s own', {
  csr: requiredText({ description: 'PKCS#10 in PEM, at most 16 KiB; its subject does not count' }),
  minutes,
});
const kubeconfigView = z.string().meta({ id: 'Kubeconfig', description: 'A kubeconfig in YAML' });

const tag = 'Certificates';
const YAML = 'application/yaml';
const errors = {
  400: 'A value cannot be taken',
  404: 'No such cluster in the project',
  409: 'The cluster has no certificates or no address yet, or several clusters have this name',
};
const RIGHTS =
  'Whom policy lets administer the cluster (`kubeconfig:admin`: members of the project) is bound to `cluster-admin`, everybody else to ' +
  '`view`. The client certificate ends soon: fetch another one. ';

/** Ways into a cluster. Ours, not Magnum's. */
@Controller('v1/clusters/:cluster/kubeconfig')
export class KubeconfigController {
  constructor(private readonly maker: MakeKubeconfig) {}

  @Get()
  @Header('content-type', YAML)
  @Header('cache-control', 'no-store')
  @Endpoint({
    rules: ['kubeconfig:get'],
    tag,
    summary: 'Get a kubeconfig that works for a while',
    description: `${RIGHTS}The key in it is made for this answer and kept nowhere. Each answer is a new one.`,
    success: 200,
    mediaType: YAML,
    errors,
  })
  async show(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Query({ schema: kubeconfigQuery }) given: z.output<typeof kubeconfigQuery>,
  ): Promise<string> {
    return this.maker.run(ctx, ident, { minutes: given.minutes, csr: null });
  }

  @Post()
  @Header('content-type', YAML)
  @Header('cache-control', 'no-store')
  @Endpoint({
    rules: ['kubeconfig:get'],
    tag,
    summary: 'Get a kubeconfig for a key that stays with you',
    description: `${RIGHTS}The answer has no key: \`kubectl config set-credentials USER --client-key=key.pem --embed-certs\` puts it in.`,
    example: { csr: '-----BEGIN CERTIFICATE REQUEST-----\n...\n-----END CERTIFICATE REQUEST-----\n', minutes: 60 },
    success: 200,
    answer: kubeconfigView,
    mediaType: YAML,
    errors: { ...errors, 400: 'The request cannot be read or is too weak, or a value cannot be taken' },
  })
  async sign(
    @Ctx() ctx: RequestContext,
    @Param('cluster') ident: string,
    @Body({ schema: kubeconfigBody }) given: z.output<typeof kubeconfigBody>,
  ): Promise<string> {
    return this.maker.run(ctx, ident, given);
  }
}
