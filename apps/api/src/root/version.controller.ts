import { Controller, Get } from '@nestjs/common';
import { MAX_VERSION, MIN_VERSION } from '#libs/domain';
import { z } from 'zod';
import { Endpoint } from '../http/endpoint.js';
import { BaseUrl } from '../http/request.js';
import { textOf } from '../http/views.js';

const link = z
  .object({
    href: textOf('Absolute URL'),
    rel: textOf('self, bookmark or describedby'),
    type: textOf('Media type, of documents').optional(),
  })
  .meta({ id: 'DiscoveryLink', description: 'Where something is' });
const links = (of: string): z.ZodArray<typeof link> => z.array(link).meta({ description: `Links of ${of}` });
const versionView = z
  .object({
    id: textOf('`v1`'),
    status: textOf('`CURRENT`'),
    min_version: textOf('Oldest microversion'),
    max_version: textOf('Newest microversion'),
    links: links('the version'),
  })
  .meta({ id: 'Version', description: 'A version of the API' });
const rootView = z
  .object({
    name: textOf('Name of the API'),
    description: textOf('What it is'),
    versions: z.array(versionView).meta({ description: 'There is one' }),
  })
  .meta({ id: 'Versions', description: 'The versions this service speaks' });
const v1View = z
  .looseObject({
    id: textOf('`v1`'),
    media_types: z
      .array(z.object({ base: textOf('Media type'), type: textOf('Its name with version') }))
      .meta({ description: 'What is spoken' }),
    links: links('the version'),
    clusters: links('clusters'),
    clustertemplates: links('cluster templates'),
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
  @Endpoint({
    rules: 'public',
    tag: 'Discovery',
    summary: 'Resources of version 1',
    success: 200,
    answer: v1View,
    errors: { 406: 'The microversion is not supported' },
  })
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
