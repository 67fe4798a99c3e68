import { settings } from './config.js';

/** The settings as a Markdown table: what the README shows between its markers. */
export function settingsTable(): string {
  const rows = Object.entries(settings.shape).map(([name, schema]) => {
    const description = (schema.meta() as { description?: string } | undefined)?.description ?? '';
    return `| \`${name}\` | ${fallback(name)} | ${description} |`;
  });
  return ['| Variable | Default | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function fallback(name: string): string {
  // The host's name: another one on every machine.
  if (name === 'CONDUCTOR_NAME') return 'the host’s name';
  const result = settings.shape[name as keyof typeof settings.shape].safeParse(undefined);
  if (!result.success) return '**required**';
  // The key ring has no default, so what is left is a word, a number or a flag.
  const value = result.data as string | number | boolean | undefined;
  return value === undefined ? '' : `\`${value}\``;
}
