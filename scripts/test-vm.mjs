/**
 * `npm run test:vm [-- machine|cluster]`: nodes on virtual machines of QEMU, docs/real-vms.md. `machine` needs root, QEMU and
 * Debian's mirror; `cluster` also KUBERNETES_DIR, a folder with Kubernetes' binaries and images. What cannot run is said
 * and is no failure. Images are kept in VM_CACHE (/var/tmp/jeroboam-vm) and made again after a change of the folder or the script.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './ensure.mjs';

const parts = process.argv.slice(2);
const cache = process.env['VM_CACHE'] ?? '/var/tmp/jeroboam-vm';
const maker = join(root, 'scripts/vm/node-image.sh');
const folder = process.env['KUBERNETES_DIR'];
let failed = false;

const unable = whyNot();
for (const [part, why] of [
  ['machine', unable],
  ['cluster', unable ?? whyNoCluster()],
]) {
  if (parts.length > 0 && !parts.includes(part)) continue;
  if (why !== undefined) {
    console.log(`${part}: skipped, ${why}`);
    continue;
  }
  const image = part === 'machine' ? imageFor('debian', []) : imageFor('kubernetes', ['--kubernetes', resolve(folder)]);
  const variable = part === 'machine' ? 'VM_DEBIAN_IMAGE' : 'VM_KUBERNETES_IMAGE';
  const test = spawnSync(
    process.execPath,
    [join(root, 'scripts/test.mjs'), '--suite', 'vm', '--timeout', '7200', `${part}.vm-spec`],
    { stdio: 'inherit', env: { ...process.env, [variable]: image } },
  );
  if (test.status !== 0) failed = true;
}
process.exit(failed ? 1 : 0);

function whyNot() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'machines are x86-64 on Linux';
  if (process.getuid() !== 0) return 'making a node image needs root';
  const programs = {
    'qemu-system-x86_64': 'qemu-system-x86',
    'qemu-img': 'qemu-utils',
    debootstrap: 'debootstrap',
    genisoimage: 'genisoimage',
  };
  const missing = Object.keys(programs).filter((program) => spawnSync(program, ['--version']).error !== undefined);
  return missing.length === 0
    ? undefined
    : `there is no ${missing.join(', ')}: apt-get install ${missing.map((name) => programs[name]).join(' ')}`;
}

function whyNoCluster() {
  if (!folder)
    return 'KUBERNETES_DIR is not set: a folder with bin/{kubeadm,kubelet,kubectl} and images/*.tar of one release of Kubernetes';
  for (const name of ['kubeadm', 'kubelet', 'kubectl'])
    if (!existsSync(join(folder, 'bin', name))) return `there is no bin/${name} in KUBERNETES_DIR (${folder})`;
  return undefined;
}

/** Made once for what it is made of. Debian itself is installed once for all images. */
function imageFor(name, words) {
  const made = createHash('sha256').update(readFileSync(maker));
  if (words.length > 0)
    for (const file of filesOf(resolve(folder))) made.update(`${file} ${statSync(file).size} ${statSync(file).mtimeMs}\n`);
  const stamp = made.digest('hex');
  const image = join(cache, `${name}.qcow2`);
  const stampFile = `${image}.made-of`;
  if (existsSync(image) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return image;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  console.log(`making ${image}; Debian's packages take some minutes the first time`);
  rmSync(stampFile, { force: true });
  const base = join(cache, 'debian.tar');
  const result = spawnSync('bash', [maker, '--output', `${image}.draft`, '--base', base, ...words], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(1);
  renameSync(`${image}.draft`, image);
  writeFileSync(stampFile, stamp);
  return image;
}

function filesOf(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesOf(join(dir, entry.name)) : [join(dir, entry.name)]))
    .sort();
}
