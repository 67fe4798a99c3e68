import type { RequestContext } from '#libs/domain';
import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Endpoint } from '../../http/endpoint.js';
import { BaseUrl, Ctx } from '../../http/request.js';
import { certificateQuery, signCertificateBody, type CertificateQuery, type SignCertificateBody } from './certificate.dto.js';
import { certificateView, toCertificateView, type CertificateView } from './certificate.view.js';
import { uuidView } from '../clusters/cluster.view.js';
import { ClusterCertificates } from './cluster-certificates.js';
import { RotateCertificates } from './rotate-certificates.js';

const tag = 'Certificates';
const errors = {
  404: 'No such cluster in the project',
  409: 'The certificates are not made yet, or several clusters have this name',
};

@Controller('v1/certificates')
export class CertificatesController {
  constructor(
    private readonly certificates: ClusterCertificates,
    private readonly rotator: RotateCertificates,
  ) {}

  @Get(':cluster')
  @Endpoint({
    rules: ['certificate:get'],
    tag,
    summary: 'Show the certificate of a cluster’s authority',
    description: 'Without a type the one that the cluster’s API server chains to and accepts client certificates of.',
    success: 200,
    answer: certificateView,
    errors: { 400: 'A parameter cannot be taken', ...errors },
  })
  async get_one(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') ident: string,
    @Query({ schema: certificateQuery }) query: CertificateQuery,
  ): Promise<CertificateView> {
    const { clusterUuid, pem } = await this.certificates.show(ctx, ident, query.ca_cert_type);
    return toCertificateView(base, clusterUuid, pem);
  }

  @Get(':cluster/:type')
  @Endpoint({
    rules: ['certificate:get'],
    tag,
    summary: 'Show the certificate of one of a cluster’s authorities',
    success: 200,
    answer: certificateView,
    errors,
  })
  async get_typed(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Param('cluster') ident: string,
    @Param('type') type: string,
  ): Promise<CertificateView> {
    const { clusterUuid, pem } = await this.certificates.show(ctx, ident, type);
    return toCertificateView(base, clusterUuid, pem);
  }

  @Post()
  @Endpoint({
    rules: ['certificate:create'],
    tag,
    summary: 'Sign a certificate request',
    example: {
      cluster_uuid: 'k1',
      csr: '-----BEGIN CERTIFICATE REQUEST-----\n...\n-----END CERTIFICATE REQUEST-----\n',
    },
    description:
      'Valid for 1825 days, or what the operator says (`SIGNED_CERTIFICATE_DAYS`). Made out to the caller, whatever subject the request ' +
      'has: user is his id, group what policy makes of him (`kubeconfig:admin`). Subjects as requested, and the authorities of etcd and ' +
      'of the front proxy, are for whom `certificate:create_as_requested` names: nobody, unless the operator says so.',
    success: 201,
    answer: certificateView,
    errors: { 400: 'The request cannot be read or is too weak; the cluster is not in the project', 409: errors[409] },
  })
  async post(
    @Ctx() ctx: RequestContext,
    @BaseUrl() base: string,
    @Body({ schema: signCertificateBody }) body: SignCertificateBody,
  ): Promise<CertificateView> {
    const { clusterUuid, pem } = await this.certificates.sign(ctx, body);
    const view = { ...toCertificateView(base, clusterUuid, pem), csr: body.csr };
    return body.ca_cert_type === null ? view : { ...view, ca_cert_type: body.ca_cert_type };
  }

  @Patch(':cluster')
  @Endpoint({
    rules: ['certificate:rotate_ca'],
    tag,
    summary: 'Replace the authorities of a cluster',
    description: 'Without a body. Everything is checked before anything changes.',
    success: 202,
    answer: uuidView,
    errors: {
      400: 'The driver cannot, the cluster has no TLS, or its status does not allow it',
      404: errors[404],
      409: 'Several clusters have this name',
    },
  })
  async patch(@Ctx() ctx: RequestContext, @Param('cluster') ident: string): Promise<z.infer<typeof uuidView>> {
    return { uuid: await this.rotator.run(ctx, ident) };
  }
}
