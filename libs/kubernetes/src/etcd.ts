import { KubernetesError, NO_MAJORITY } from './errors.js';
import { exec, type ExecResult } from './exec.js';
import type { CallOptions, Transport } from './transport.js';

/** A member of the etcd that kubeadm runs on the control-plane nodes. */
export interface EtcdMember {
  /** Hexadecimal, as etcdctl takes it. */
  readonly id: string;
  /** The node's name; '' for one that was added and never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  /** It does not vote yet. */
  readonly learner: boolean;
  readonly answers: boolean;
  readonly leads: boolean;
}

/** Which member: by the node's name, or by the address of its machine when it never started. */
export interface EtcdMemberOf {
  readonly nodeName: string;
  readonly address: string | null;
}

const PODS = '/api/v1/namespaces/kube-system/pods';
const EXEC_MS = 30_000;

interface WirePod {
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string; readonly command?: readonly string[] }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/**
 * The members of the cluster's etcd as they see each other, asked through a standing member's own static pod: its image has
 * etcdctl and no shell, and the certificates are mounted there.
 * @param avoid a node whose member is not to be asked
 * @throws KubernetesError no member could be asked
 */
export async function etcdMembers(transport: Transport, options: CallOptions = {}, avoid?: string): Promise<EtcdMember[]> {
  return throughMember(transport, options, avoid, (run) => listMembers(run));
}

/**
 * Takes a member out of etcd, after its leadership has passed to another one. Safe to repeat.
 * @returns false: it was no member any more
 * @throws KubernetesError with reason `EtcdNoMajority` (try later) when those who stay would not be a majority
 */
export async function removeEtcdMember(transport: Transport, of: EtcdMemberOf, options: CallOptions = {}): Promise<boolean> {
  return throughMember(transport, options, of.nodeName, async (run) => {
    const members = await listMembers(run);
    const target = members.find((member) => isOf(member, of));
    if (!target) return false;
    const staying = members.filter((member) => member !== target && !member.learner);
    const living = staying.filter((member) => member.answers);
    if (living.length < Math.floor(staying.length / 2) + 1) {
      throw noMajority(transport, `${living.length} of the ${staying.length} members that would stay answer`);
    }
    const [heir] = living;
    if (target.leads && heir) await run(['move-leader', heir.id], target.clientUrls);
    await run(['member', 'remove', target.id]);
    return true;
  });
}

/** A copy of what etcd holds, on the disk of a control-plane node. */
export interface EtcdSnapshot {
  readonly nodeName: string;
  /** On that node: in etcd's own data directory, which is on its disk or its volume. */
  readonly path: string;
  /** Of what is in it: etcd's own count of changes. */
  readonly revision: number;
  readonly keys: number;
  readonly bytes: number;
}

/**
 * Has a member write a snapshot beside its own data, and reads it again to be sure that it is whole. One for each member: the
 * next takes its place. Nothing but the data directory of the pod is on the machine's disk and may be written.
 * @param prefer names of nodes, the best first; others are asked after them
 * @throws KubernetesError no member could write one
 */
export async function saveEtcdSnapshot(
  transport: Transport,
  prefer: readonly string[],
  options: CallOptions = {},
): Promise<EtcdSnapshot> {
  const patient = { ...options, timeoutMs: options.timeoutMs ?? SNAPSHOT_MS };
  const rank = (name: string): number => (prefer.includes(name) ? prefer.indexOf(name) : prefer.length);
  return throughMember(
    transport,
    patient,
    undefined,
    async (run, place) => {
      const path = `${place.dataDir}/${SNAPSHOT}`;
      await run(['snapshot', 'save', path]);
      const text = await place.call(['etcdutl', 'snapshot', 'status', path, '--write-out=json']);
      const { revision = 0, totalKey = 0, totalSize = 0 } = JSON.parse(text) as WireSnapshot;
      return { nodeName: place.nodeName, path, revision, keys: totalKey, bytes: totalSize };
    },
    rank,
  );
}

const SNAPSHOT = 'jeroboam-snapshot.db';
/** etcd of the largest size, on a slow disk. */
const SNAPSHOT_MS = 300_000;

interface WireSnapshot {
  readonly revision?: number;
  readonly totalKey?: number;
  readonly totalSize?: number;
}

/** Whether a member is that of a node. An unstarted one is known by its address alone. */
export function isOf(member: Pick<EtcdMember, 'name' | 'peerUrls'>, { nodeName, address }: EtcdMemberOf): boolean {
  if (member.name !== '') return member.name === nodeName;
  return address !== null && member.peerUrls.some((url) => hostOf(url) === address);
}

type Run = (command: readonly string[], endpoints?: readonly string[], mayFail?: boolean) => Promise<string>;

async function listMembers(run: Run): Promise<EtcdMember[]> {
  const [list, status] = await Promise.all([
    run(['member', 'list', '--write-out=json']),
    // Says what it knows and fails when one member does not answer.
    run(['endpoint', 'status', '--cluster', '--write-out=json'], undefined, true),
  ]);
  return readMembers(list, status);
}

interface WireMember {
  readonly ID: string | number;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}
interface WireStatus {
  readonly Status?: { readonly header?: { readonly member_id?: string | number }; readonly leader?: string | number };
}

/** Joins `member list` and `endpoint status`, both as JSON. @throws Error what is no JSON of etcdctl's */
export function readMembers(list: string, status: string): EtcdMember[] {
  const { members = [] } = readJson(list) as { members?: readonly WireMember[] };
  const states = (status.trim() === '' ? [] : readJson(status)) as readonly WireStatus[];
  const answering = new Set(states.map((one) => hex(one.Status?.header?.member_id ?? 0)));
  const leaders = new Set(states.map((one) => hex(one.Status?.leader ?? 0)));
  return members.map((member) => {
    const id = hex(member.ID);
    return {
      id,
      name: member.name ?? '',
      peerUrls: member.peerURLs ?? [],
      clientUrls: member.clientURLs ?? [],
      learner: member.isLearner ?? false,
      answers: answering.has(id),
      leads: leaders.has(id),
    };
  });
}

/** etcd's ids have 64 bits: as JSON numbers they would be rounded. */
function readJson(text: string): unknown {
  return JSON.parse(text.replaceAll(/([:[,]\s*)(\d{10,})(?=\s*[,\]}])/g, '$1"$2"'));
}

const hex = (id: string | number): string => BigInt(id).toString(16);

/** The pod that is asked. */
interface Place {
  readonly nodeName: string;
  readonly dataDir: string;
  /** Runs any program of etcd's image. @returns what it printed @throws KubernetesError it failed */
  readonly call: (command: readonly string[]) => Promise<string>;
}

/**
 * Asks one standing member after the other, ready ones first, until one can be asked.
 * @param rank of nodes by name, the lowest first; before that, whether they are ready
 */
async function throughMember<T>(
  transport: Transport,
  options: CallOptions,
  avoid: string | undefined,
  work: (run: Run, place: Place) => Promise<T>,
  rank: (nodeName: string) => number = () => 0,
): Promise<T> {
  const { items } = await transport.json<{ items: readonly WirePod[] }>({
    ...options,
    method: 'GET',
    path: PODS,
    query: { labelSelector: 'component=etcd,tier=control-plane' },
  });
  const pods = items
    .filter((pod) => pod.spec?.nodeName !== avoid)
    .toSorted(
      (a, b) =>
        Number(isReady(b)) - Number(isReady(a)) ||
        rank(a.spec?.nodeName ?? '') - rank(b.spec?.nodeName ?? '') ||
        a.metadata.name.localeCompare(b.metadata.name),
    );
  let last: unknown = refusal(transport, 'EtcdPodMissing', 'there is no pod of etcd that could be asked');
  for (const pod of pods) {
    const own = pod.spec?.containers?.find((container) => container.name === 'etcd')?.command ?? [];
    const program = etcdctl(own);
    const target = { namespace: 'kube-system', pod: pod.metadata.name, container: 'etcd' };
    const timing = { timeoutMs: options.timeoutMs ?? EXEC_MS, signal: options.signal };
    const call = async (words: readonly string[], told: readonly string[], mayFail = false): Promise<string> => {
      const result = await exec(transport, { ...target, command: words }, timing);
      if (result.exitCode === 0 || mayFail) return result.stdout;
      throw failed(transport, pod.metadata.name, told, result);
    };
    const run: Run = (command, endpoints, mayFail) => call([...program(endpoints), ...command], ['etcdctl', ...command], mayFail);
    const dataDir = flagOf(own, 'data-dir', '/var/lib/etcd');
    try {
      return await work(run, { nodeName: pod.spec?.nodeName ?? '', dataDir, call: (command) => call(command, command) });
    } catch (error) {
      options.signal?.throwIfAborted();
      // A member may be cut off from the others while its machine answers: only for want of a majority there is nobody else to ask.
      if (!(error instanceof KubernetesError) || error.reason === NO_MAJORITY) throw error;
      last = error;
    }
  }
  throw last;
}

/**
 * How etcdctl is called in the pod of an etcd that was started with `command`: with its own certificate, which kubeadm makes
 * for both sides of a connection, and at its own address unless others are given.
 */
export function etcdctl(command: readonly string[]): (endpoints?: readonly string[]) => string[] {
  const flag = (name: string, fallback: string): string => flagOf(command, name, fallback);
  const own = flag('listen-client-urls', 'https://127.0.0.1:2379').split(',');
  const local = own.find((url) => url.includes('127.0.0.1')) ?? own[0] ?? '';
  return (endpoints = [local]) => [
    'etcdctl',
    `--endpoints=${endpoints.join(',')}`,
    `--cacert=${flag('trusted-ca-file', '/etc/kubernetes/pki/etcd/ca.crt')}`,
    `--cert=${flag('cert-file', '/etc/kubernetes/pki/etcd/server.crt')}`,
    `--key=${flag('key-file', '/etc/kubernetes/pki/etcd/server.key')}`,
  ];
}

function flagOf(command: readonly string[], name: string, fallback: string): string {
  return command.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback;
}

function isReady(pod: WirePod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** The host of a member's URL, IPv6 without brackets; '' when it is none. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
}

function failed(
  transport: Transport,
  pod: string,
  command: readonly string[],
  { exitCode, stderr }: ExecResult,
): KubernetesError {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const words =
    lines.find((line) => line.startsWith('Error:'))?.slice('Error:'.length) ?? lines.at(-1) ?? `exit code ${exitCode}`;
  return new KubernetesError(`${command.join(' ')} in pod ${pod}: ${words.trim()}`, {
    ...told(transport),
    failure: 'answered',
    httpStatus: 500,
    reason: 'EtcdctlFailed',
  });
}

function noMajority(transport: Transport, words: string): KubernetesError {
  return refusal(transport, NO_MAJORITY, `etcd would lose its majority: ${words}`);
}

/** Another time it may be different. */
function refusal(transport: Transport, reason: string, words: string): KubernetesError {
  return new KubernetesError(words, { ...told(transport), failure: 'answered', httpStatus: 503, reason });
}

const told = (transport: Transport): { server: string; method: string; path: string } => ({
  server: transport.server,
  method: 'GET',
  path: PODS,
});
