import { parseArgs } from 'node:util';
import { loadConfig } from '#libs/config';
import { createDataSource, SecretStore, type UnreadableSecret } from '#libs/db';
import { KeyRing } from '#libs/pki';
import { runCommand, say } from '#libs/runtime';

const USAGE = `npm run secrets -- list [--json]
  Which key of SECRETS_KEY_RING has sealed how many of the secrets in the database. Changes nothing.
npm run secrets -- reseal [--json]
  Seals with the first key what others have sealed. May be stopped, and run again; Jeroboam may run beside it, every process
  with the same ring. A key that has sealed nothing any more may leave it.
Settings are a conductor's (environment). Exit: 0 all are sealed by the first key; 2 some are not; 1 it failed.`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  const [verb, ...rest] = positionals;
  if (values.help) return say(USAGE, 0);
  if (rest.length > 0 || (verb !== 'list' && verb !== 'reseal')) return say(USAGE, 1);

  const settings = loadConfig();
  const source = await createDataSource(settings, 'jeroboam-secrets').initialize();
  try {
    const ring = new KeyRing(settings.SECRETS_KEY_RING);
    const secrets = new SecretStore(source, ring);
    const progress = (done: number): void => console.error(`${done} sealed again`);
    const again = verb === 'reseal' ? await secrets.sealAgain(progress) : { done: 0, unreadable: [] };
    const counts = await secrets.countsByKey();
    const keys = [...new Set([...ring.keyIds, ...counts.keys()])].map((id) => ({
      id,
      secrets: counts.get(id) ?? 0,
      state: id === ring.currentKeyId ? 'seals' : ring.keyIds.includes(id) ? 'opens' : 'not in the ring',
    }));
    const lines = keys.map(({ id, secrets: count, state }) => `${id.padEnd(16)} ${String(count).padStart(7)}  ${state}`);
    say(values.json ? JSON.stringify({ keys, ...again }, null, 2) : [...lines, ...again.unreadable.map(line)].join('\n'), 0);
    return keys.some(({ id, secrets: count }) => count > 0 && id !== ring.currentKeyId) ? 2 : 0;
  } finally {
    await source.destroy();
  }
}

const line = ({ secret, why }: UnreadableSecret): string => `${secret}: ${why}`;

await runCommand(main);
