import type { SimulatedDisk } from '../simulated-disk.js';
import { EtcdRefusal, type SimulatedEtcdMembers, type SimulatedMember } from './simulated-etcd-members.js';

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where etcdctl is run: in the etcd container of a machine. */
export interface EtcdctlPlace {
  readonly members: SimulatedEtcdMembers;
  readonly serverId: string;
  readonly disk: SimulatedDisk;
}

const CLUSTER_ID = 14841639068965178418n;
const failed = (words: string): ProgramResult => ({ exitCode: 1, stdout: '', stderr: `Error: ${words}\n` });
const printed = (stdout: string): ProgramResult => ({ exitCode: 0, stdout: `${stdout}\n`, stderr: '' });

/** Where the machine's disk is mounted into the pod, and may be written. */
const DATA = /^\/var\/lib\/(etcd|jeroboam-etcd\/data)\/[^/]+$/;

/** `etcdutl snapshot status`: what a snapshot on this disk holds. */
export function simulatedEtcdutl(disk: SimulatedDisk, words: readonly string[]): ProgramResult {
  const [verb, object, path = ''] = words.filter((word) => !word.startsWith('--'));
  if (verb !== 'snapshot' || object !== 'status') return failed(`unknown command "${verb ?? ''}" for "etcdutl"`);
  const text = disk.text(path);
  if (text === undefined) return failed(`stat ${path}: no such file or directory`);
  const { revision, keys } = JSON.parse(text) as { revision: number; keys: number };
  return printed(JSON.stringify({ hash: 3_735_928_559, revision, totalKey: keys, totalSize: text.length, version: '' }));
}

/** `etcdctl` 3.6 as far as membership goes, and snapshots: `member list|remove`, `endpoint status`, `move-leader`, `snapshot save`. */
export function simulatedEtcdctl(place: EtcdctlPlace, words: readonly string[]): ProgramResult {
  const flags = new Map<string, string>();
  const command: string[] = [];
  for (const word of words) {
    const found = /^--([a-z-]+)(?:=(.*))?$/.exec(word);
    if (found) flags.set(found[1] ?? '', found[2] ?? 'true');
    else command.push(word);
  }
  for (const flag of ['cacert', 'cert', 'key']) {
    const path = flags.get(flag) ?? '';
    if (!place.disk.file(path)) return failed(`open ${path}: no such file or directory`);
  }
  const asked = endpointsOf(place, (flags.get('endpoints') ?? 'http://127.0.0.1:2379').split(','));
  if (asked.length === 0) return failed('context deadline exceeded');
  try {
    return run(place, command, asked, flags);
  } catch (error) {
    if (error instanceof EtcdRefusal) return failed(error.message);
    throw error;
  }
}

function run(
  place: EtcdctlPlace,
  [verb = '', object = '', argument = '']: readonly string[],
  asked: readonly SimulatedMember[],
  flags: ReadonlyMap<string, string>,
): ProgramResult {
  const { members } = place;
  const [first] = asked;
  switch (`${verb} ${object}`) {
    case 'member list':
      // Linearizable since etcd 3.5.
      if (!members.hasMajority) return failed('context deadline exceeded');
      return printed(JSON.stringify(memberList(members, first), null, undefined).replaceAll(/"(\d{10,})n"/g, '$1'));
    case 'endpoint status': {
      const targets = flags.has('cluster') ? members.list().filter((member) => member.started) : asked;
      const answering = targets.filter((member) => members.runs(member));
      const stdout = `${JSON.stringify(answering.map((member) => statusOf(members, member))).replaceAll(/"(\d+)n"/g, '$1')}\n`;
      const silent = targets.filter((member) => !members.runs(member));
      const stderr = silent
        .map(({ address }) => `Failed to get the status of endpoint https://${address}:2379 (context deadline exceeded)\n`)
        .join('');
      return { exitCode: silent.length > 0 ? 1 : 0, stdout, stderr };
    }
    case 'member remove':
      if (!/^[0-9a-f]{1,16}$/.test(argument))
        return failed(`bad member ID arg (strconv.ParseUint: parsing "${argument}": invalid syntax), expecting ID in Hex`);
      members.remove(argument);
      return printed(`Member ${argument} removed from cluster ${CLUSTER_ID.toString(16)}`);
    case 'snapshot save': {
      if (!DATA.test(argument)) return failed(`could not open ${argument}.part (open ${argument}.part: read-only file system)`);
      const content = JSON.stringify({
        simulated: 'etcd snapshot',
        revision: members.etcd.revision,
        keys: members.etcd.resources().length,
      });
      place.disk.write(argument, content, 0o600);
      return printed(`Snapshot saved at ${argument}\nServer version 3.6.0`);
    }
    default:
      if (verb !== 'move-leader') return failed(`unknown command "${verb}" for "etcdctl"`);
      if (!asked.some((member) => member.id === members.leader)) {
        return { ...failed(`no leader endpoint given at [${flags.get('endpoints') ?? ''}]`), exitCode: 128 };
      }
      members.moveLeader(members.leader ?? '', object);
      return printed(`Leadership transferred from ${first?.id ?? ''} to ${object}`);
  }
}

/** The running members behind these addresses; 127.0.0.1 is the machine's own. */
function endpointsOf({ members, serverId }: EtcdctlPlace, urls: readonly string[]): SimulatedMember[] {
  return urls.flatMap((url) => {
    const { hostname } = new URL(url);
    return members
      .list()
      .filter((member) => (hostname === '127.0.0.1' ? member.serverId === serverId : member.address === hostname))
      .filter((member) => members.runs(member));
  });
}

/** Numbers of 64 bits are written as `"123n"`, and the quotes taken away afterwards. */
const number = (id: string): string => `${BigInt(`0x${id}`)}n`;

function memberList(members: SimulatedEtcdMembers, asked: SimulatedMember | undefined): object {
  return {
    header: { cluster_id: `${CLUSTER_ID}n`, member_id: number(asked?.id ?? '0'), raft_term: 2 },
    members: members.list().map((member) => ({
      ID: number(member.id),
      ...(member.started ? { name: member.nodeName } : {}),
      peerURLs: [`https://${member.address}:2380`],
      ...(member.started ? { clientURLs: [`https://${member.address}:2379`] } : {}),
      ...(member.learner ? { isLearner: true } : {}),
    })),
  };
}

function statusOf(members: SimulatedEtcdMembers, member: SimulatedMember): object {
  return {
    Endpoint: `https://${member.address}:2379`,
    Status: {
      header: { cluster_id: `${CLUSTER_ID}n`, member_id: number(member.id), revision: members.etcd.revision, raft_term: 2 },
      version: '3.6.5',
      dbSize: 20480,
      leader: number(members.leader ?? '0'),
      raftIndex: members.etcd.revision,
      raftTerm: 2,
      ...(member.learner ? { isLearner: true } : {}),
    },
  };
}
