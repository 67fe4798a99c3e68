/** The name of a file that only an executed string makes. */
export const CANARY = 'c4n4ry';

/** What a hostile string would have run: here, and at a place that does not depend on where it is run. */
const COMMANDS = [`touch ${CANARY}`, `touch /tmp/${CANARY}`, `: >${CANARY}`, `mkdir /tmp/${CANARY}`];

/** Ways out of a text, `@` being the command. Shell, YAML, Jinja, JSON, TOML, systemd, sed, curl, paths, marks of our own. */
const FORMS = [
  '$(@)',
  '`@`',
  "'; @; '",
  '"; @; "',
  '; @ #',
  '&& @',
  '|| @',
  '| @',
  '\n@\n',
  '\r\n@\r\n',
  '"\n@\n"',
  "'\n@\n'",
  '$\u0028@\u0029',
  '${IFS}$(@)',
  '<(@)',
  '>/tmp/' + CANARY,
  'x\nEOF\n@\n',
  "$'\\n'@",
  '\\"; @ #',
  "\\'; @ #",
  '\nruncmd:\n- [sh, -c, "@"]\n',
  '"\nbootcmd: ["@"]\n#',
  '- !!python/object/apply:os.system ["@"]',
  '&a !!str @',
  '*a',
  '| \n @',
  '>-\n @',
  '--- \n@\n...\n',
  '{{ @ }}',
  '{% set x = "@" %}{{ x }}',
  '{% raw %}@{% endraw %}',
  '{{ ds.meta_data.__class__ }}@',
  '","exec":"@","x":"',
  '"]\n[plugins.x]\ncommand = "@"\n#',
  '%n%%@',
  '"\nExecStartPre=/bin/sh -c "@"\n#',
  '\nExecStart=/bin/sh -c "@"',
  '\\nExecStart=@',
  '/e @\n#',
  '&/;e @\n',
  '--config=/tmp/x --output /tmp/' + CANARY,
  '-o/tmp/' + CANARY,
  '--mode prebuilt; @',
  '../../../../tmp/' + CANARY,
  '/../tmp/' + CANARY,
  './../' + CANARY,
  'a/../../' + CANARY,
  '//tmp//' + CANARY,
  '~/' + CANARY,
  '/dev/tcp/127.0.0.1/1',
  'a[$(@)]',
  'x=$(@)',
  '() { :; }; @',
  '@@INSTANCE_ID@@$(@)',
  '@@LOCAL_IP@@;@',
  '@@VOLUME_DOCKER@@`@`',
  '\u0000$(@)',
  '\u0000\n@',
  '‮$(@)‬',
  '\u2028@\u2029',
  '\u0085@',
  '\ufeff$(@)',
  '$(@)',
  '；@；',
  '\u001b]0;@\u0007',
  'é\u0301$(@)',
  '\ud83d\ude00`@`',
  '%0a@',
  '\\u000a@',
  '&#10;@',
  '\t@\t',
  ' @',
];

/** Good beginnings: what ends badly begins well. */
const GOOD = [
  '',
  '',
  'k1',
  'v1.36.4',
  '10.0.0.0/24',
  'registry.example:5000',
  'https://mirror.example/a.tar.gz',
  'http://user:word@proxy.example:3128',
  'a'.repeat(64),
  'true',
  '24',
  'nova',
  'TLS_AES_128_GCM_SHA256',
  'node.example/key',
  'NoSchedule',
  '0f1e2d3c-4b5a-4678-8000-00000000000a',
  'a,b',
];

/** Numbers between 0 and 1, the same for the same seed. Source: mulberry32, public domain. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many different hostile strings, the same for the same seed. */
export function hostileStrings(count: number, seed = 5): string[] {
  const next = chance(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const form = (): string =>
    pick(FORMS).replaceAll('@', (at, offset: number, whole: string) =>
      whole[offset - 1] === '@' || whole[offset + 1] === '@' ? at : pick(COMMANDS),
    );
  const found = new Set<string>(FORMS.map((one) => one.replaceAll(/(?<!@)@(?!@)/g, COMMANDS[0] as string)));
  while (found.size < count) {
    const parts = [pick(GOOD), form(), next() < 0.4 ? pick(GOOD) : '', next() < 0.2 ? form() : ''];
    // Some only use what grammars might let pass: no blanks, no quotes.
    const text = next() < 0.1 ? parts.join('').replaceAll(/[\s"'`]/g, pick(['-', '.', '%20', '${IFS}'])) : parts.join('');
    found.add(text);
  }
  return [...found].slice(0, count);
}
