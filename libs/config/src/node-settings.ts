import { z } from 'zod';

const artifact = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
});
const host = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$/, 'host or host:port');

/** What all nodes of a site have in common: where things are fetched, whom to trust, what time it is. Docs: docs/nodes.md. */
const nodeSettings = z
  .strictObject({
    kubernetes_packages: z.url({ protocol: /^https$/ }).optional(),
    kubernetes_packages_key_sha256: artifact.shape.sha256.optional(),
    image_repository: z.string().min(1).optional(),
    registries: z.record(host, z.url({ protocol: /^https?$/ })).optional(),
    binaries: z
      .record(z.string().regex(/^v1\.\d{1,3}\.\d{1,3}$/), z.strictObject({ kubernetes: artifact, cni: artifact }))
      .optional(),
    trusted_pem: z
      .string()
      .regex(/^(-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*)+$/, 'PEM certificates')
      .optional(),
    time_servers: z.array(host).optional(),
  })
  .transform((given) => ({
    mirrors: {
      ...(given.kubernetes_packages === undefined ? {} : { kubernetesPackages: given.kubernetes_packages }),
      ...(given.kubernetes_packages_key_sha256 === undefined
        ? {}
        : { kubernetesPackagesKeySha256: given.kubernetes_packages_key_sha256 }),
      ...(given.image_repository === undefined ? {} : { imageRepository: given.image_repository }),
      ...(given.registries === undefined ? {} : { registries: given.registries }),
      ...(given.binaries === undefined ? {} : { binaries: given.binaries }),
    },
    trustedPem: given.trusted_pem,
    timeServers: given.time_servers,
  }));

/** JSON of the operator, as text. */
export const nodeSettingsText = z
  .string()
  .transform((text, ctx): unknown => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      ctx.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
  })
  .pipe(nodeSettings);

export type NodeSettings = z.infer<typeof nodeSettings>;
