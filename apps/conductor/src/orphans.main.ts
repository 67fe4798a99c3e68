import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { loadConfig } from '#libs/config';
import { isUuidText, LedgerRepository } from '#libs/db';
import { nestLogger, runCommand, say } from '#libs/runtime';
import { NestFactory } from '@nestjs/core';
import { ConductorModule } from './conductor.module.js';
import { CleanOrphans, type Cleaned } from './ledger/clean-orphans.js';
import { LedgerScan } from './ledger/ledger-scan.js';
import { cleanedLines, findingLines, jsonOf } from './ledger/orphans-output.js';
import { LeaseKeeper } from './leases/lease-keeper.js';
import { SERVICE } from './operations/service-scope.js';
import { openParts } from './parts.js';

const USAGE = `npm run orphans -- list [--cluster UUID] [--json]
  Compares what should be in the cloud with what is there, and tells the differences. Changes nothing in the cloud.
npm run orphans -- clean [--cluster UUID] [--json] [--grace MINUTES]
  The same; then removes what has our exact key and is wanted by nothing, and gives rows the objects that they have lost.
  Only what was first found so many minutes ago (default: ORPHAN_GRACE_MINUTES), never while an operation of its cluster runs.
Settings are a conductor's (environment). Exit: 0 nothing to tell, or all done; 2 differences, or something was kept; 1 it failed.`;

const MINUTE_MS = 60_000;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      cluster: { type: 'string' },
      json: { type: 'boolean', default: false },
      grace: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [verb, ...rest] = positionals;
  if (values.help) return say(USAGE, 0);
  const wrongGrace = values.grace !== undefined && (verb !== 'clean' || !/^\d+(\.\d+)?$/.test(values.grace));
  const wrongCluster = values.cluster !== undefined && !isUuidText(values.cluster);
  if (rest.length > 0 || (verb !== 'list' && verb !== 'clean') || wrongGrace || wrongCluster) return say(USAGE, 1);

  const settings = loadConfig();
  const parts = await openParts({ ...settings, LOG_LEVEL: 'warn' });
  const app = await NestFactory.createApplicationContext(ConductorModule.from(parts), {
    logger: nestLogger(parts.log),
    abortOnError: false,
  });
  const keeper = app.get(LeaseKeeper);
  keeper.start();
  try {
    const signal = new AbortController().signal;
    const only = values.cluster ?? null;
    const report = await app.get(LedgerScan).run(signal, only);
    const findings = await app.get(LedgerRepository).list(SERVICE, only);
    let cleaned: readonly Cleaned[] = [];
    if (verb === 'clean') {
      const grace = values.grace === undefined ? settings.ORPHAN_GRACE_MINUTES : Number(values.grace);
      cleaned = await app.get(CleanOrphans).run(findings, grace * MINUTE_MS, signal);
    }
    const lines = verb === 'clean' ? cleanedLines(cleaned) : findingLines(findings, report);
    say(values.json ? JSON.stringify(jsonOf(findings, report, cleaned), null, 2) : lines.join('\n'), 0);
    return (verb === 'clean' ? cleaned.some(({ outcome }) => outcome === 'kept') : findings.length > 0) ? 2 : 0;
  } finally {
    keeper.stop();
    await app.close();
    await parts.close();
  }
}

await runCommand(main);
