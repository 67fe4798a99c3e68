import type { Settings } from '#libs/config';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

export const linkView = z
  .object({
    href: z.string().meta({ description: 'Absolute URL' }),
    rel: z.enum(['self', 'bookmark']).meta({ description: 'self: versioned; bookmark: without the version' }),
  })
  .meta({ id: 'Link', description: 'Where a resource is' });
export type Link = z.infer<typeof linkView>;

/** Scheme, host and mount path that the client used, without trailing slash: Magnum's `application_url`. */
export function baseUrl(settings: Settings, request: FastifyRequest): string {
  const { API_PUBLIC_URL, API_TRUST_PROXY, API_HOST, API_PORT } = settings;
  if (API_PUBLIC_URL) return API_PUBLIC_URL.replace(/\/+$/, '').replace(/\/v1$/, '');
  const forwarded = (name: string): string | undefined => {
    if (!API_TRUST_PROXY) return undefined;
    const [first] = String(request.headers[`x-forwarded-${name}`] ?? '').split(',');
    return first?.trim() || undefined;
  };
  const host = forwarded('host') ?? request.headers.host ?? `${API_HOST}:${API_PORT}`;
  return `${forwarded('proto') ?? 'http'}://${host}${(forwarded('prefix') ?? '').replace(/\/+$/, '')}`;
}

/** Self and bookmark of one resource. @param path `clusters/<uuid>` */
export function resourceLinks(base: string, path: string): Link[] {
  return [
    { href: `${base}/v1/${path}`, rel: 'self' },
    { href: `${base}/${path}`, rel: 'bookmark' },
  ];
}
