import type { z } from 'zod';
import { body, ignored, query, readOnly, requiredText, text } from '../../http/wire.js';

const caCertType = text({
  description: 'Which authority: `etcd`, `front-proxy`; every other word is the cluster’s own',
  example: 'kubernetes',
});

/** `POST /v1/certificates`. Reference section 5.4. */
export const signCertificateBody = body('certificate', 'CertificateSign', 'A certificate request to sign', {
  cluster_uuid: requiredText({ description: 'uuid or name of the cluster', min: 1, max: 255 }),
  csr: requiredText({ description: 'PKCS#10 in PEM, at most 16 KiB; who it is made out to is for policy to say' }),
  ca_cert_type: caCertType,
  pem: ignored('the answer has it'),
  links: readOnly('links'),
});
export type SignCertificateBody = z.output<typeof signCertificateBody>;

export const certificateQuery = query({ ca_cert_type: caCertType });
export type CertificateQuery = z.output<typeof certificateQuery>;
