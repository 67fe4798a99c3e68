/**
 * Reads the Python literals that clients put into PATCH values: `{'a': '1'}`, `["x"]`, and with them the common subset
 * of JSON. As upstream's `ast.literal_eval` `true`, `false` and `null` are not words of it; `True`, `False`, `None` are.
 * @throws SyntaxError anything else
 */
export function parsePythonLiteral(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

const MAX_DEPTH = 20;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"', '/': '/' };

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new SyntaxError('nested too deeply');
    this.space();
    const char = this.text[this.at];
    if (char === '{') return this.dict(depth);
    if (char === '[') return this.sequence(']', depth);
    if (char === '(') return this.sequence(')', depth);
    if (char === "'" || char === '"') return this.string(char);
    return this.atom();
  }

  end(): void {
    this.space();
    if (this.at !== this.text.length) throw new SyntaxError(`unexpected text at ${this.at}`);
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  private take(char: string): boolean {
    this.space();
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private dict(depth: number): Record<string, unknown> {
    this.at += 1;
    const entries: [string, unknown][] = [];
    while (!this.take('}')) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw new SyntaxError('keys are strings');
      if (!this.take(':')) throw new SyntaxError(`':' expected at ${this.at}`);
      entries.push([key, this.value(depth + 1)]);
      if (this.take(',')) continue;
      if (this.take('}')) break;
      throw new SyntaxError(`',' or '}' expected at ${this.at}`);
    }
    return Object.fromEntries(entries);
  }

  private sequence(close: string, depth: number): unknown[] {
    this.at += 1;
    const items: unknown[] = [];
    while (!this.take(close)) {
      items.push(this.value(depth + 1));
      if (this.take(',')) continue;
      if (this.take(close)) break;
      throw new SyntaxError(`',' or '${close}' expected at ${this.at}`);
    }
    return items;
  }

  private string(quote: string): string {
    let out = '';
    for (this.at += 1; this.at < this.text.length; this.at += 1) {
      const char = this.text[this.at] ?? '';
      if (char === quote) {
        this.at += 1;
        return out;
      }
      if (char !== '\\') {
        out += char;
        continue;
      }
      this.at += 1;
      out += this.escape(this.text[this.at] ?? '');
    }
    throw new SyntaxError('the text ends inside a string');
  }

  private escape(char: string): string {
    const width = { x: 2, u: 4, U: 8 }[char];
    if (width === undefined) return ESCAPES[char] ?? `\\${char}`;
    const digits = this.text.slice(this.at + 1, this.at + 1 + width);
    if (digits.length !== width || !/^[0-9a-fA-F]+$/.test(digits)) throw new SyntaxError('bad escape');
    this.at += width;
    return String.fromCodePoint(Math.min(parseInt(digits, 16), 0x10ffff));
  }

  private atom(): unknown {
    const word = /^[\w.+-]+/.exec(this.text.slice(this.at))?.[0] ?? '';
    this.at += word.length;
    if (word === 'True') return true;
    if (word === 'False') return false;
    if (word === 'None') return null;
    if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(word)) return Number(word);
    throw new SyntaxError(`not a literal at ${this.at - word.length}`);
  }
}
