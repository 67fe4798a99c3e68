import { Cloud } from './cloud.js';
import { computeService } from './compute/compute-service.js';
import { Nova } from './compute/nova.js';
import { adminRoutes } from './faults/admin.js';
import { CallLog } from './faults/call-log.js';
import { Duplicates } from './faults/duplicates.js';
import { Faults } from './faults/faults.js';
import { inventory } from './faults/inventory.js';
import { guestRoutes } from './guest-routes.js';
import { defaultGuestLatencies, scaleGuestLatencies } from './guests/guest-options.js';
import { GuestRuntime } from './guests/guest-runtime.js';
import type { Hypervisor } from './hypervisor/machine.js';
import { identityService } from './identity/identity-service.js';
import { Identity } from './identity/identity.js';
import { seedIdentity } from './identity/seed.js';
import { Glance } from './image/glance.js';
import { imageService } from './image/image-service.js';
import { defaultLatencies, zeroLatencies } from './latencies.js';
import type { Latencies } from './latencies.js';
import { loadBalancerService } from './load-balancer/load-balancer-service.js';
import { Octavia } from './load-balancer/octavia.js';
import { Views } from './load-balancer/views.js';
import { networkService } from './network/network-service.js';
import { Neutron } from './network/neutron.js';
import { cloudsEntries } from './options.js';
import type { Sandbox, SandboxOptions } from './options.js';
import { accountPasswords } from './passwords.js';
import { seedCloud } from './seed.js';
import { HttpServer } from './server/http-server.js';
import { realMachines, seedMachineImages } from './real-machines.js';
import { Router } from './server/router.js';
import { StoreCloudView } from './store-cloud-view.js';
import { Journal } from './store/journal.js';
import { Store } from './store/store.js';
import { Cinder } from './volume/cinder.js';
import { volumeService } from './volume/volume-service.js';

/** Starts a simulated OpenStack on one loopback listener. @throws when the port is taken */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = options.host ?? '127.0.0.1';
  const passwords = accountPasswords(options.dir, options.passwords ?? {});
  const store = new Store(options.dir === undefined ? undefined : new Journal(options.dir));
  const latencies: Latencies =
    options.latencies === 'zero' ? { ...zeroLatencies } : { ...defaultLatencies, ...options.latencies };
  const cloud = new Cloud(store, latencies, '', options.region ?? 'sandbox');
  const identity = new Identity(cloud, options.tokenSeconds ?? 3600);
  const neutron = new Neutron(cloud);
  const glance = new Glance(cloud);
  const cinder = new Cinder(cloud);
  const nova = new Nova(cloud, neutron, glance, cinder);
  const octavia = new Octavia(cloud, neutron);
  octavia.answers = (id) => nova.tables.servers.get(id)?.status === 'ACTIVE';
  const views = new Views(octavia);
  const cloudView = new StoreCloudView(store, nova, neutron, octavia, views);
  const duplicates = new Duplicates(store);
  const publicCidr = options.publicCidr ?? '127.25.0.0/16';
  const qemu = options.qemu && realMachines(options, options.qemu, publicCidr, { nova, neutron, octavia, view: cloudView });
  store.open();
  store.unit(() => {
    seedIdentity(identity, passwords, options.catalog ?? []);
    seedCloud({ identity, nova, neutron, glance }, publicCidr);
    if (qemu !== undefined) seedMachineImages(glance, identity, options.qemu?.images ?? [], qemu.images);
    identity.dropExpiredTokens();
  });

  let guests: GuestRuntime | undefined;
  let machines: Hypervisor | undefined;
  const services = [
    identityService(identity),
    computeService(nova),
    networkService(neutron),
    imageService(glance),
    loadBalancerService(octavia, views),
    volumeService(cinder, glance),
  ];
  const faults = new Faults();
  const log = new CallLog();
  const guestLatencies =
    options.guests === false || qemu !== undefined
      ? null
      : (options.guestLatencies ?? scaleGuestLatencies(defaultGuestLatencies, latencies.factor));
  const admin = new Router([
    ...adminRoutes({ cloud, faults, log, guestLatencies }),
    ...guestRoutes(
      nova,
      () => guests,
      () => machines,
    ),
  ]);
  const server = new HttpServer(cloud, services, admin, faults, log, (token) => identity.authenticate(token));
  cloud.baseUrl = `http://${host}:${await server.listen(host, options.port ?? 0)}`;
  cloud.transitions.start();
  const housekeeping = setInterval(() => store.unit(() => identity.dropExpiredTokens()), 60_000);
  housekeeping.unref();

  if (guestLatencies !== null) {
    const running = new GuestRuntime(cloudView, {
      dir: options.dir,
      latencies: guestLatencies,
      ...(options.guestPatience === undefined ? {} : { patienceFactor: options.guestPatience }),
      ...(options.guestInternalCidr === undefined ? {} : { internalCidr: options.guestInternalCidr }),
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    guests = running;
    machines = running;
  }
  machines ??= qemu;
  if (machines !== undefined) {
    const hypervisor = machines;
    nova.guestConsole = (id) => hypervisor.console(id);
    octavia.answers = (id, port) => hypervisor.listening(id, port);
    await hypervisor.start();
  }

  const authUrl = `${cloud.baseUrl}/identity/v3`;
  return {
    authUrl,
    adminUrl: `${cloud.baseUrl}/sandbox`,
    clouds: cloudsEntries(authUrl, cloud.region, passwords),
    passwords,
    guests,
    duplicates,
    inventory: () => inventory(store),
    close: async () => {
      clearInterval(housekeeping);
      cloud.transitions.stop();
      await machines?.close();
      await server.close();
      store.close();
    },
  };
}
