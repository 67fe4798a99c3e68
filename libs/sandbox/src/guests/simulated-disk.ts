export interface SimulatedFile {
  readonly content: Buffer;
  /** Permission bits, e.g. 0o600. */
  readonly mode: number;
}

/** The file tree of a simulated guest: absolute paths, no directories of its own. */
export class SimulatedDisk {
  readonly #files = new Map<string, SimulatedFile>();

  write(path: string, content: string | Buffer, mode = 0o644): void {
    if (!path.startsWith('/')) throw new Error(`${path}: not an absolute path`);
    this.#files.set(path, { content: Buffer.from(content), mode });
  }

  append(path: string, content: Buffer, mode: number): void {
    const before = this.#files.get(path);
    this.write(path, before ? Buffer.concat([before.content, content]) : content, before?.mode ?? mode);
  }

  file(path: string): SimulatedFile | undefined {
    return this.#files.get(path);
  }

  text(path: string): string | undefined {
    return this.#files.get(path)?.content.toString('utf8');
  }

  /** Removes a file, or everything below a folder, as `rm -rf` does. */
  remove(path: string): void {
    const folder = path.endsWith('/') ? path : `${path}/`;
    for (const name of this.#files.keys()) if (name === path || name.startsWith(folder)) this.#files.delete(name);
  }

  paths(prefix = '/'): string[] {
    return [...this.#files.keys()].filter((path) => path.startsWith(prefix)).sort();
  }

  /** What survives a restart of the sandbox. */
  toJSON(): Record<string, { mode: number; base64: string }> {
    return Object.fromEntries(
      [...this.#files].map(([path, file]) => [path, { mode: file.mode, base64: file.content.toString('base64') }]),
    );
  }

  static from(json: Record<string, { mode: number; base64: string }>): SimulatedDisk {
    const disk = new SimulatedDisk();
    for (const [path, file] of Object.entries(json)) disk.write(path, Buffer.from(file.base64, 'base64'), file.mode);
    return disk;
  }
}
