import { z } from 'zod';
import { linkView, resourceLinks } from '../../http/links.js';
import { textOf } from '../../http/views.js';

export const certificateView = z
  .object({
    cluster_uuid: textOf('uuid of the cluster'),
    links: z.array(linkView).meta({ description: 'Where the resource is' }),
    pem: textOf('Certificate in PEM, without a newline at its end'),
    csr: textOf('The request as it was sent; only when signing').optional(),
    ca_cert_type: textOf('As it was sent; only when signing').optional(),
  })
  .meta({ id: 'Certificate', description: 'A certificate of a cluster' });
export type CertificateView = z.infer<typeof certificateView>;

export function toCertificateView(base: string, clusterUuid: string, pem: string): CertificateView {
  return { cluster_uuid: clusterUuid, links: resourceLinks(base, `certificates/${clusterUuid}`), pem: pem.trimEnd() };
}
