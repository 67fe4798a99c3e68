import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Settings } from '#libs/config';
import type { FastifyRequest } from 'fastify';
import { baseUrl } from './links.js';

const settings = (changes: Partial<Settings>): Settings =>
  ({ API_HOST: '127.0.0.1', API_PORT: 9511, API_TRUST_PROXY: false, ...changes }) as Settings;
const request = {
  headers: {
    host: '10.0.0.5:9511',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'cloud.example, inner',
    'x-forwarded-prefix': '/container-infra/',
  },
} as unknown as FastifyRequest;

describe('the base of links', () => {
  it('is the host that was asked; what a stranger forwards is not believed', () => {
    assert.equal(baseUrl(settings({}), request), 'http://10.0.0.5:9511');
  });

  it('is what a trusted proxy says', () => {
    assert.equal(baseUrl(settings({ API_TRUST_PROXY: true }), request), 'https://cloud.example/container-infra');
  });

  it('is the configured one before all', () => {
    const changes = { API_TRUST_PROXY: true, API_PUBLIC_URL: 'https://api.example/magnum/v1/' };
    assert.equal(baseUrl(settings(changes), request), 'https://api.example/magnum');
  });
});
