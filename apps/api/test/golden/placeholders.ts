const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '{request id}'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00/g, '{time}'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '{time in milliseconds}'],
  [/^"[\w-]{32}"$/g, '{etag}'],
  [/\b((?:certificate-authority|client-certificate|client-key)-data): [A-Za-z0-9+/=]+/g, '$1: {PEM in base64}'],
  [/-----BEGIN (CERTIFICATE|CERTIFICATE REQUEST)-----[\s\S]+?-----END \1-----/g, '{$1}'],
  [
    /^(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|omicron|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega)-\d+-(cluster|template)$/g,
    '{generated}-$2',
  ],
];

/** Puts names where values vary: uuids, times, request ids, certificates. Everything else stays as it is. */
export class Placeholders {
  private readonly names = new Map<string, string>();
  private numbers = new Map<string, string>();

  name(value: string, name: string): void {
    this.names.set(value, `{${name}}`);
  }

  /** uuids without a name are numbered within one case. */
  forgetNumbers(): void {
    this.numbers = new Map();
  }

  of(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((one) => this.of(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.text(key), this.of(one)]));
  }

  private text(value: string): string {
    let shown = value;
    for (const [known, name] of this.names) shown = shown.replaceAll(known, name);
    for (const [shape, name] of SHAPES) shown = shown.replace(shape, name);
    return shown.replace(UUID, (uuid) => {
      const known = this.numbers.get(uuid) ?? `{uuid ${this.numbers.size + 1}}`;
      this.numbers.set(uuid, known);
      return known;
    });
  }
}
