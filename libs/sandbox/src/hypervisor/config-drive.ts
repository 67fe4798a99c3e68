import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerView } from '../guests/cloud-view.js';
import type { Hardware } from './hardware.js';

/** The public network as machines reach it: its addresses are loopback addresses, which a kernel keeps to itself. */
export interface PublicNetwork {
  /** e.g. 127.25.0.0/16 */
  readonly cidr: string;
}

/**
 * Writes the files of a config drive (label `config-2`) as Nova has them: `openstack/latest/` with meta_data.json,
 * network_data.json, user_data and vendor_data.json.
 */
export function writeConfigDrive(dir: string, server: ServerView, hardware: Hardware, network: PublicNetwork): void {
  rmSync(dir, { recursive: true, force: true });
  for (const version of ['latest', '2018-08-27']) {
    const folder = join(dir, 'openstack', version);
    mkdirSync(folder, { recursive: true });
    const write = (name: string, content: unknown): void => writeFileSync(join(folder, name), JSON.stringify(content));
    write('meta_data.json', metaData(server, hardware));
    write('network_data.json', networkData(hardware));
    write('vendor_data.json', { 'cloud-init': reachPublicNetwork(hardware, network) });
    if (server.userData !== null) writeFileSync(join(folder, 'user_data'), Buffer.from(server.userData, 'base64'));
  }
}

export function metaData(server: ServerView, hardware: Hardware): object {
  const key = hardware.publicKey;
  return {
    uuid: server.id,
    name: server.name,
    hostname: hardware.hostname,
    launch_index: 0,
    availability_zone: hardware.availabilityZone,
    project_id: hardware.projectId,
    meta: server.metadata,
    devices: [],
    ...(key === undefined
      ? {}
      : { public_keys: { [key.name]: key.text }, keys: [{ name: key.name, type: 'ssh', data: key.text }] }),
  };
}

/** Static addresses: nobody asks for DHCP. Without a nameserver of its subnet a machine asks the gateway. */
export function networkData({ cards }: Hardware): object {
  const nameservers = new Set(
    cards.flatMap(({ nameservers: own, gateway }) => (own.length > 0 || gateway === undefined ? own : [gateway])),
  );
  return {
    links: cards.map(({ portId, mac, mtu }, index) => ({
      id: `tap${index}`,
      vif_id: portId,
      type: 'phy',
      ethernet_mac_address: mac,
      mtu,
    })),
    networks: cards.map(({ address, netmask, gateway, networkId }, index) => ({
      id: `network${index}`,
      type: 'ipv4',
      link: `tap${index}`,
      network_id: networkId,
      ip_address: address,
      netmask,
      // The first card leads out.
      routes: gateway === undefined || index > 0 ? [] : [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway }],
    })),
    services: [...nameservers].map((address) => ({ type: 'dns', address })),
  };
}

/**
 * Vendor data: at each boot the kernel is told that the sandbox's public network is not its own loopback, but behind the
 * gateway, and that the gateway knows the time. kubelet drops what is sent to 127.0.0.0/8 from other addresses; its chain is
 * there beforehand, with an exception, and it appends to it (syncIPTablesRules).
 */
export function reachPublicNetwork({ cards }: Hardware, { cidr }: PublicNetwork): string {
  const card = cards.find(({ gateway }) => gateway !== undefined);
  if (card === undefined) return '#cloud-boothook\n#!/bin/sh\nexit 0\n';
  return `#cloud-boothook
#!/bin/sh
for link in /sys/class/net/*; do
  if [ "$(cat "$link/address")" = '${card.mac}' ]; then device=\${link##*/}; fi
done
n=0
until ip -4 address show dev "$device" | grep -q inet || [ $n -ge 60 ]; do n=$((n + 1)); sleep 1; done
echo 1 >"/proc/sys/net/ipv4/conf/$device/route_localnet"
if command -v iptables >/dev/null; then
  iptables -w -N KUBE-FIREWALL && iptables -w -A KUBE-FIREWALL -d ${cidr} -j RETURN
fi
ip route replace ${cidr} via ${card.gateway} dev "$device" src ${card.address} table local proto kernel
mkdir -p /etc/systemd/timesyncd.conf.d
printf '[Time]\\nNTP=${card.gateway}\\nRootDistanceMaxSec=60\\n' >/etc/systemd/timesyncd.conf.d/90-sandbox.conf
systemctl try-restart --no-block systemd-timesyncd.service
exit 0
`;
}
