/**
 * Makes this checkout ready to run: installs what package-lock.json names and compiles what has changed. Cheap when there
 * is nothing to do. Every npm script that runs the product goes through it, so a fresh clone needs no other command.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ['apps', 'libs', 'migrations', 'test', 'package.json', 'tsconfig.json'];

/** @param {(line: string) => void} say */
export function ensure(say = (line) => console.error(line)) {
  requireNode();
  install(say);
  build(say);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`Node.js 20.19 or newer is needed; this is ${process.version}`);
}

function install(say) {
  const stamp = join(root, 'node_modules', '.jeroboam-lock');
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  // Shared between checkouts by a link: not ours to replace.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  say('installing packages (npm ci) ...');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}

function build(say) {
  const stamp = join(root, 'dist', '.built');
  const newest = Math.max(...SOURCES.map((name) => newestChange(join(root, name))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
  say('compiling (tsc) ...');
  run(process.execPath, [join(root, 'node_modules/typescript7/bin/tsc'), '-p', join(root, 'tsconfig.json')]);
  mkdirSync(join(root, 'dist'), { recursive: true });
  removeStale(join(root, 'dist'));
  writeFileSync(stamp, '');
}

/** What a source that is gone was compiled to would still be found: specs, for one. A service may run from the rest meanwhile. */
function removeStale(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeStale(path);
    else if (
      /\.js(\.map)?$/.test(path) &&
      !existsSync(join(root, relative(join(root, 'dist'), path).replace(/\.js(\.map)?$/, '.ts')))
    )
      rmSync(path);
  }
}

function newestChange(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

function run(command, args) {
  // Their output goes to standard error: standard output belongs to the command that was asked for.
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) fail(`${command} ${args[0] ?? ''} failed`);
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensure();
