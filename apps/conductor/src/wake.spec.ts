import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Wake } from './wake.js';

const HOUR_MS = 3_600_000;

describe('a wake', () => {
  it('keeps a call that came between two waits', async () => {
    const wake = new Wake();
    wake.notify();
    await wake.wait(HOUR_MS, new AbortController().signal);
  });

  it('ends a wait that is under way, and only that one', async () => {
    const wake = new Wake();
    const waiting = wake.wait(HOUR_MS, new AbortController().signal);
    wake.notify();
    await waiting;
    const controller = new AbortController();
    const next = wake.wait(HOUR_MS, controller.signal);
    controller.abort(new Error('stop'));
    await assert.rejects(next, /stop/);
  });

  it('throws at once when it is told to stop before', async () => {
    await assert.rejects(new Wake().wait(HOUR_MS, AbortSignal.abort(new Error('stop'))), /stop/);
  });
});
