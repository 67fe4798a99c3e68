import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidInput, OperationFailure, Transient } from '#libs/domain';
import { KubernetesError } from '#libs/kubernetes';
import { OpenStackError } from '#libs/openstack';
import { ResourceInError, ResourceTimeout, StackFailed } from '#libs/stack';
import { describeFailure, storedFailure } from './describe-failure.js';

const cloudError = (httpStatus: number | null, words: string): OpenStackError =>
  new OpenStackError(words, {
    service: 'compute',
    method: 'POST',
    path: '/servers',
    httpStatus,
    requestId: 'req-1',
    retryable: false,
    sideEffectUnknown: false,
  });

const includes = (failure: object, expected: object): void => assert.deepEqual({ ...failure, ...expected }, failure);

const failed = (cause: unknown): StackFailed =>
  new StackFailed('s', 'nodegroup', 'CREATE', [
    {
      logicalName: 'master-0',
      type: 'OS::Nova::Server',
      physicalName: 'k1-master-0',
      physicalId: null,
      reason: `OS::Nova::Server k1-master-0: ${(cause as Error).message}`,
      cause,
    },
  ]);

describe('a failure for people', () => {
  it('names the root cause of a stack in the cloud’s own words, who can mend it, and the request', () => {
    const failure = describeFailure(
      failed(cloudError(403, 'Quota exceeded for cores: Requested 2, but already used 9 of 10 cores')),
      'x',
    );
    assert.deepEqual(failure, {
      code: 'quota-exceeded-in-cloud',
      message: 'x: OS::Nova::Server k1-master-0: compute: Quota exceeded for cores: Requested 2, but already used 9 of 10 cores',
      step: 'x',
      object: 'OS::Nova::Server k1-master-0',
      fixableBy: 'user',
      hint: 'free resources in the project, or ask the operator for a larger quota',
      docs: 'docs/errors.md#quota-exceeded-in-cloud',
      requestId: 'req-1',
    });
  });

  const causes: [string, unknown, object][] = [
    ['a server that Nova gave up', new ResourceInError('No valid host was found.', 'no-valid-host'), { code: 'no-valid-host' }],
    [
      'an object that is busy for ever',
      new Transient('in use', 1, {}, { cause: cloudError(409, 'in use') }),
      { code: 'cloud-conflict' },
    ],
    [
      'an object that was not ready in time while the cloud was away',
      new ResourceTimeout('timed out', {}, { cause: cloudError(null, 'the connection was refused') }),
      { code: 'resource-timeout', cause: 'cloud-unreachable', fixableBy: 'operator' },
    ],
    ['an object that was not ready in time', new ResourceTimeout('timed out'), { code: 'resource-timeout' }],
    ['something nobody foresaw', new TypeError('x is undefined'), { code: 'stack-failed' }],
  ];
  for (const [sentence, cause, expected] of causes) {
    it(sentence, () => includes(describeFailure(failed(cause), 'node-groups'), expected));
  }

  it('keeps what an OperationFailure says, and completes it from the catalogue', () => {
    const failure = describeFailure(new OperationFailure('trust-refused', 'trust: no', { step: 'trust' }), 'other');
    assert.deepEqual(failure, {
      code: 'trust-refused',
      message: 'trust: no',
      step: 'trust',
      fixableBy: 'user',
      hint: 'ask with a token from a password login of a user with a role in the project',
      docs: 'docs/errors.md#trust-refused',
    });
  });

  it('lets a failure know better than the catalogue', () => {
    const detail = { step: 'trust', fixableBy: 'operator', hint: 'look' } as const;
    includes(describeFailure(new OperationFailure('trust-refused', 'no', detail), 'x'), detail);
  });

  it('tells a cluster’s refusal in its own words, once', () => {
    const refusal = new KubernetesError('words', {
      failure: 'answered',
      server: 'https://k',
      method: 'GET',
      path: '/',
      httpStatus: 403,
    });
    const { code, message, object } = describeFailure(refusal, 'kubernetes');
    assert.deepEqual([code, message, object], ['kubernetes-refused', 'kubernetes: words', 'the API at https://k']);
  });

  it('tells bad input as the user’s', () => {
    assert.equal(describeFailure(new InvalidInput('invalid-label', 'label x'), 'infrastructure').fixableBy, 'user');
  });

  it('never shows the words of an unforeseen error', () => {
    assert.doesNotMatch(describeFailure(new Error('password hunter2'), 'trust').message, /hunter2/);
  });

  it('explains what stands behind a deadline', () => {
    const failure = storedFailure({ code: 'deadline-exceeded', message: 'm', step: 's', cause: 'node-never-booted' });
    assert.equal(failure.docs, 'docs/errors.md#node-never-booted');
    assert.match(failure.hint ?? '', /console log/);
  });
});
