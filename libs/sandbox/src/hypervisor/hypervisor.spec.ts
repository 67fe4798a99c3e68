import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerView } from '../guests/cloud-view.js';
import { metaData, networkData, reachPublicNetwork } from './config-drive.js';
import type { Hardware } from './hardware.js';
import { outwardRoute } from './outward-route.js';
import { givingWay, qemuArguments } from './qemu-arguments.js';
import { timeAnswer } from './wire/time-answer.js';

const card = {
  portId: 'p1',
  mac: 'fa:16:3e:00:00:01',
  networkId: 'n1',
  mtu: 1450,
  address: '10.0.0.5',
  netmask: '255.255.255.0',
  gateway: '10.0.0.1',
  nameservers: [],
};
const hardware: Hardware = {
  name: 'k-master-0',
  hostname: 'k-master-0',
  projectId: 'demo',
  availabilityZone: 'nova',
  vcpus: 2,
  memoryMib: 4096,
  diskGib: 40,
  imageName: 'node',
  volumes: [{ id: '0123456789abcdef0123456789', sizeGib: 1 }],
  publicKey: { name: 'mine', text: 'ssh-ed25519 AAAA' },
  cards: [card],
  openPorts: [6443],
};
const server: ServerView = {
  id: 's1',
  name: 'k-master-0',
  projectId: 'demo',
  status: 'ACTIVE',
  userData: null,
  metadata: { jeroboam_node: 'x' },
  ports: [{ id: 'p1', networkId: 'n1', fixedIp: '10.0.0.5' }],
  routerExternalIp: '127.25.0.10',
};

test('a config drive says who the machine is and where it stands', () => {
  assert.deepEqual(metaData(server, hardware), {
    uuid: 's1',
    name: 'k-master-0',
    hostname: 'k-master-0',
    launch_index: 0,
    availability_zone: 'nova',
    project_id: 'demo',
    meta: { jeroboam_node: 'x' },
    devices: [],
    public_keys: { mine: 'ssh-ed25519 AAAA' },
    keys: [{ name: 'mine', type: 'ssh', data: 'ssh-ed25519 AAAA' }],
  });
  const network = networkData(hardware) as { networks: { routes: unknown[] }[]; services: unknown };
  assert.deepEqual(network.services, [{ type: 'dns', address: '10.0.0.1' }], 'without a nameserver: the gateway');
  assert.deepEqual(network.networks[0]?.routes, [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.0.1' }]);
});

test('subnets with nameservers keep theirs', () => {
  const { services } = networkData({ ...hardware, cards: [{ ...card, nameservers: ['9.9.9.9'] }] }) as { services: unknown };
  assert.deepEqual(services, [{ type: 'dns', address: '9.9.9.9' }]);
});

test('the public network stays in reach when kubelet closes loopback addresses to others', () => {
  const script = reachPublicNetwork(hardware, { cidr: '127.25.0.0/16' });
  assert.match(script, /ip route replace 127\.25\.0\.0\/16 via 10\.0\.0\.1 dev "\$device" src 10\.0\.0\.5 table local/);
  assert.match(script, /iptables -w -N KUBE-FIREWALL && iptables -w -A KUBE-FIREWALL -d 127\.25\.0\.0\/16 -j RETURN/);
});

test('what QEMU is told: no network of the host, a serial console, disks that say which volume they are', () => {
  const files = { disk: '/m/a,b.qcow2', config: '/m/c.iso', console: '/m/log', pid: '/m/pid', volumes: [] };
  const words = (version: [number, number], accelerator: 'tcg' | 'kvm', volumes: { id: string; path: string }[] = []): string =>
    qemuArguments({ serverId: 's1', hardware, files: { ...files, volumes }, tools: { version, accelerator } }).join(' ');
  assert.match(words([7, 2], 'tcg'), /-cpu max,-cx16 -smp 2 -m 4096M/);
  assert.match(words([10, 0], 'tcg'), /-cpu max -smp/);
  assert.match(words([7, 2], 'tcg'), /-accel tcg,thread=multi,tb-size=1024 /);
  assert.match(words([7, 2], 'kvm'), /-accel kvm -cpu host/);
  assert.match(words([7, 2], 'tcg'), /file=\/m\/a,,b\.qcow2,/);
  assert.match(words([7, 2], 'tcg'), /-netdev socket,id=card0,fd=3 -device virtio-net-pci,netdev=card0,mac=fa:16:3e:00:00:01/);
  assert.match(words([7, 2], 'tcg', [{ id: '0123456789abcdef0123456789', path: '/v' }]), /,serial=0123456789abcdef0123 /);
});

test('machines reach the public network, load balancers and the world, and nothing of this computer', () => {
  const route = outwardRoute({
    publicCidr: '127.25.0.0/16',
    gatewayAddresses: () => ['10.0.0.1', '10.0.0.9'],
    serverAt: (address) => (address === '10.0.0.5' ? server : undefined),
    balanced: (address, port) => (address === '10.0.0.9' && port === 6443 ? { address: '127.0.0.1', port: 40_000 } : undefined),
  });
  assert.deepEqual(route('10.0.0.5', '127.25.0.1', 9512, 'tcp'), { host: '127.25.0.1', port: 9512, localAddress: '127.25.0.10' });
  assert.deepEqual(route('10.0.0.5', '10.0.0.9', 6443, 'tcp'), { host: '127.0.0.1', port: 40_000 });
  assert.deepEqual(route('10.0.0.5', '203.0.113.7', 443, 'tcp'), { host: '203.0.113.7', port: 443 });
  for (const host of ['127.0.0.1', '127.24.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '10.0.0.1'])
    assert.equal(route('10.0.0.5', host, 5432, 'tcp'), undefined, host);
});

test('the gateway tells the time', () => {
  const question = Buffer.alloc(48);
  question[0] = 0x23;
  question.writeUInt32BE(42, 40);
  const answer = timeAnswer(question, Date.UTC(2026, 0, 1));
  assert.equal(answer?.readUInt32BE(24), 42, 'the question it answers');
  assert.equal(answer?.readUInt32BE(40), 3_976_214_400);
  assert.equal(timeAnswer(Buffer.alloc(47)), undefined);
});

test('a small machine that is emulated gives way to larger ones', () => {
  const small = { ...hardware, vcpus: 1 };
  assert.deepEqual(givingWay({ accelerator: 'tcg' }, small), ['nice', '-n', '10']);
  assert.deepEqual(givingWay({ accelerator: 'tcg' }, hardware), []);
  assert.deepEqual(givingWay({ accelerator: 'kvm' }, small), []);
});
