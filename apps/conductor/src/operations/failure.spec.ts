import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Superseded, Transient } from '#libs/domain';
import { KubernetesError, type KubernetesFailure } from '#libs/kubernetes';
import { OpenStackError } from '#libs/openstack';
import { judge } from './failure.js';
import { AbortRequested, Overtaken, DeadlineExceeded, LeaseLost, ShuttingDown, type StopReason } from './stop-reasons.js';

const cloudError = (httpStatus: number, retryable = false): OpenStackError =>
  new OpenStackError('No valid host was found.', {
    service: 'compute',
    method: 'POST',
    path: '/servers',
    httpStatus,
    retryable,
    sideEffectUnknown: false,
  });

const clusterError = (failure: KubernetesFailure, httpStatus: number | null = null): KubernetesError =>
  new KubernetesError('words', { failure, server: 'https://k', method: 'GET', path: '/version', httpStatus });

const running = new AbortController().signal;
const stopped = (reason: StopReason): AbortSignal => AbortSignal.abort(reason);

describe('what an error means for an operation', () => {
  const cases: [string, unknown, AbortSignal, string][] = [
    ['the lease is lost, whatever was thrown', new Error('aborted'), stopped(new LeaseLost()), 'lost'],
    ['a fenced write was refused', new Superseded('gone'), running, 'lost'],
    ['a fenced write was refused after the deadline', new Superseded('gone'), stopped(new DeadlineExceeded()), 'lost'],
    ['the process ends', new Error('aborted'), stopped(new ShuttingDown()), 'hand-on'],
    ['another operation takes over', cloudError(500), stopped(new Overtaken()), 'superseded'],
    ['somebody asked for its end', cloudError(500), stopped(new AbortRequested()), 'aborted'],
    ['the time is up', cloudError(500), stopped(new DeadlineExceeded()), 'too-late'],
    ['busy', new Transient('busy', 100), running, 'retry'],
    ['the cloud hiccups', cloudError(503, true), running, 'retry'],
    ['the cloud refuses', cloudError(400), running, 'fail'],
    ['the cluster’s API is away while a master joins', clusterError('unreachable'), running, 'retry'],
    ['the cluster’s API is not itself', clusterError('answered', 500), running, 'retry'],
    ['the cluster refuses', clusterError('answered', 403), running, 'fail'],
    ['somebody else answers for the cluster', clusterError('untrusted'), running, 'fail'],
    ['Postgres restarts', Object.assign(new Error('terminating connection'), { code: '57P01' }), running, 'database-away'],
    ['Postgres is down', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), running, 'database-away'],
    ['a statement of ours is wrong', Object.assign(new Error('syntax'), { code: '42601' }), running, 'fail'],
    ['nobody foresaw it', new TypeError('x is undefined'), running, 'fail'],
  ];
  for (const [sentence, error, signal, kind] of cases) {
    it(`${sentence}: ${kind}`, () => assert.equal(judge(error, 'trust', signal, 1).kind, kind));
  }

  it('waits longer from try to try, and not for ever', () => {
    const waits = [1, 2, 3, 10, 100].map((attempt) => {
      const verdict = judge(cloudError(503, true), 'trust', running, attempt);
      return verdict.kind === 'retry' ? verdict.afterMs : -1;
    });
    assert.deepEqual(waits, [500, 1000, 2000, 15_000, 15_000]);
  });
});
