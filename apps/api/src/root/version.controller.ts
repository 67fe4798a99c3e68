import { Controller, Get } from '@nestjs/common';
import { MAX_VERSION, MIN_VERSION } from '#libs/domain';
import { z } from 'zod';
import { Endpoint } from '../http/endpoint.js';
import { BaseUrl } from '../http/request.js';

const link = z.object({ href: z.string(), rel: z.string(), type: z.string().optional() });
const rootView = z
  .object({
    name: z.string(),
    description: z.string(),
    versions: z.array(
      z.object({ id: z.string(), status: z.string(), min_version: z.string(), max_version: z.string(), links: z.array(link) }),
    ),
  })
  .meta({ id: 'Versions', description: 'The versions this service speaks' });
const v1View = z
  .looseObject({
    id: z.string(),
    media_types: z.array(z.object({ base: z.string(), type: z.string() })),
    links: z.array(link),
    clusters: z.array(link),
    clustertemplates: z.array(link),
  })
  .meta({ id: 'V1', description: 'The resources of version 1' });

const OTHERS = ['quotas', 'certificates', 'mservices', 'stats', 'federations'];

/** Discovery, as Magnum answers it. Reference section 1.1. */
@Controller()
export class VersionController {
  @Get('/')
  @Endpoint({ rules: 'public', tag: 'Discovery', summary: 'Versions of the API', success: 200, answer: rootView })
  root(@BaseUrl() base: string): z.infer<typeof rootView> {
    return {
      name: 'OpenStack Magnum API',
      description: 'Magnum is an OpenStack project which aims to provide container cluster management.',
      versions: [
        {
          id: 'v1',
          status: 'CURRENT',
          min_version: MIN_VERSION.toString(),
          max_version: MAX_VERSION.toString(),
          links: [{ href: `${base}/v1/`, rel: 'self' }],
        },
      ],
    };
  }

  @Get('/v1')
  @Endpoint({ rules: 'public', tag: 'Discovery', summary: 'Resources of version 1', success: 200, answer: v1View })
  v1(@BaseUrl() base: string): z.infer<typeof v1View> {
    const pair = (path: string): z.infer<typeof link>[] => [
      { href: `${base}/v1/${path}`, rel: 'self' },
      { href: `${base}/${path}`, rel: 'bookmark' },
    ];
    return {
      id: 'v1',
      media_types: [{ base: 'application/json', type: 'application/vnd.openstack.magnum.v1+json' }],
      links: [
        { href: `${base}/v1/`, rel: 'self' },
        { href: 'http://docs.openstack.org/developer/magnum/dev/api-spec-v1.html', rel: 'describedby', type: 'text/html' },
      ],
      clustertemplates: pair('clustertemplates/'),
      clusters: pair('clusters/'),
      ...Object.fromEntries(OTHERS.map((name) => [name, pair(`${name}/`)])),
      nodegroups: pair('clusters/{cluster_id}/nodegroups'),
      credentials: pair('credentials/'),
    };
  }
}
