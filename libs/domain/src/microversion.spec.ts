import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Microversion, negotiateVersion } from './microversion.js';

describe('version negotiation', () => {
  const accepted: [string | undefined, string][] = [
    [undefined, '1.1'],
    ['container-infra 1.9', '1.9'],
    ['container-infrastructure 1.9', '1.9'],
    ['container-infrastructure-management 1.14', '1.14'],
    ['container-infra latest', '1.14'],
    ['container-infra LATEST', '1.14'],
    ['anything latest', '1.14'],
  ];
  for (const [header, version] of accepted) {
    it(`takes ${String(header)} as ${version}`, () => {
      const result = negotiateVersion(header);
      assert.equal(result.kind === 'ok' ? result.version.toString() : result.kind, version);
    });
  }

  for (const header of ['1.9', '', 'compute 2.1', 'container-infra 1.9, compute 2.1', 'latest']) {
    it(`refuses the service of '${header}'`, () => {
      assert.deepEqual(negotiateVersion(header), {
        kind: 'malformed',
        reason: 'Invalid service type for OpenStack-API-Version header',
      });
    });
  }

  for (const value of ['1', '1.x', '1.9.1', '-1.2']) {
    it(`refuses the value ${value}`, () => {
      assert.deepEqual(negotiateVersion(`container-infra ${value}`), {
        kind: 'malformed',
        reason: 'Invalid value for OpenStack-API-Version header',
      });
    });
  }

  for (const value of ['1.15', '1.0', '2.0', '0.5']) {
    it(`knows ${value} to be out of range`, () => {
      const result = negotiateVersion(`container-infra ${value}`);
      assert.equal(result.kind, 'unsupported');
      assert.equal(result.kind === 'unsupported' && result.version.toString(), value);
    });
  }

  it('compares minors as numbers', () => {
    assert.ok(Microversion.of('1.10').atLeast(Microversion.of('1.9')));
    assert.ok(!Microversion.of('1.2').atLeast(Microversion.of('1.10')));
  });
});
