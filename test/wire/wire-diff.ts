import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compare } from './compare.js';
import { explain, loadDeviations } from './deviations.js';
import { judge, renderReport, type Result } from './report.js';
import { loadScript, nameOf } from './script.js';
import { tidy } from './tidy.js';
import { WireSite } from './site.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/**
 * `npm run wire-diff [-- --out FILE --wait SECONDS]`: sends `test/wire/requests` to the bench's Magnum and to Jeroboam on the same bench, and
 * prints how the answers differ. Fails for a difference that docs/wire/deviations.yaml does not explain, for an
 * explanation that nothing needs, and when something is left in the cloud.
 */
async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: { out: { type: 'string' }, wait: { type: 'string', default: '240' } } });
  const say = (line: string): void => console.error(line);
  const steps = loadScript(join(root, 'test/wire/requests'));
  const deviations = loadDeviations(join(root, 'docs/wire/deviations.yaml'));
  const site = await WireSite.start(say, Number(values.wait));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void site.stop().then(() => process.exit(1)));
  let results: Result[] = [];
  let left: string[] = [];
  try {
    await Promise.all([tidy(site.magnum), tidy(site.ours)]);
    try {
      const [magnum, ours] = await Promise.all([site.magnum.play(steps, say), site.ours.play(steps, say)]);
      results = magnum.map((exchange, index) => {
        const same = ours[index];
        if (!same) throw new Error('both sides play the same script');
        const request = nameOf(exchange.request);
        const names = (side: typeof site.magnum): { base: string; saved: ReadonlyMap<string, string> } => side;
        const differences = compare(exchange.answer, same.answer, names(site.magnum), names(site.ours)).map((difference) => {
          const found = { ...difference, request };
          return { found, by: explain(found, deviations) };
        });
        return { magnum: exchange, ours: same, differences };
      });
    } finally {
      await Promise.all([tidy(site.magnum), tidy(site.ours)]);
    }
    left = await site.left();
  } finally {
    await site.stop();
  }
  const missed = [site.magnum, site.ours].flatMap((side) => side.missed.map((one) => ({ side: side.name, ...one })));
  const report = { results, deviations, left, missed };
  const text = renderReport(report);
  console.log(text);
  if (values.out) writeFileSync(values.out, `${text}\n`);
  const { unexplained, idle } = judge(report);
  const bad = new Set(unexplained.map(({ request }) => request)).size + idle.length + left.length + missed.length;
  const good = results.length - new Set(unexplained.map(({ request }) => request)).size;
  console.log(`${good} passed, ${bad} failed`);
  return bad === 0;
}

main().then(
  (good) => process.exit(good ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
