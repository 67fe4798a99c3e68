const LIMIT = 500;

/** What Nova's console output of a simulated guest says: the last lines, with seconds since power on. */
export class ConsoleLog {
  #lines: string[] = [];
  #poweredOnAt = Date.now();

  powerOn(): void {
    this.#poweredOnAt = Date.now();
    this.write('Simulated guest: no machine runs here, only its words on the wire');
  }

  write(line: string): void {
    const seconds = ((Date.now() - this.#poweredOnAt) / 1000).toFixed(6).padStart(12);
    for (const part of line.split('\n')) this.#lines.push(`[${seconds}] ${part}`);
    if (this.#lines.length > 2 * LIMIT) this.#lines = this.#lines.slice(-LIMIT);
  }

  /** The last `length` lines, all that are kept when undefined. */
  text(length?: number): string {
    const lines = length === undefined ? this.#lines : length <= 0 ? [] : this.#lines.slice(-length);
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }
}
