import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { DescribedRoute } from '../http/completeness.js';
import { buildDocument } from './document.js';

/** The document at /v1/openapi.json, and a page to browse it at /docs from local files. */
export function installDocs(app: NestFastifyApplication, routes: readonly DescribedRoute[]): void {
  const document = buildDocument(routes);
  const text = JSON.stringify(document);
  app
    .getHttpAdapter()
    .getInstance()
    .get('/v1/openapi.json', { config: { public: true } }, async (_request, reply) => reply.type('application/json').send(text));
  SwaggerModule.setup('docs', app, document as unknown as Parameters<typeof SwaggerModule.setup>[2] & object, {
    customSiteTitle: 'Jeroboam API',
    raw: false,
    customCss: '.swagger-ui .topbar { display: none } .swagger-ui .info { margin: 24px 0 }',
    swaggerOptions: { persistAuthorization: true, deepLinking: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
}
