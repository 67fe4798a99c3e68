import type { Machine, Service } from '../hypervisor/machine.js';
import type { ServerView } from './cloud-view.js';
import { firstBoot } from './first-boot.js';
import { ConsoleLog } from './console-log.js';
import type { GuestConnections } from './guest-connections.js';
import type { GuestEnvironment, RealAddress, ServeApi } from './guest-environment.js';
import { scaleGuestLatencies, type GuestFault, type GuestLatencies } from './guest-options.js';
import { etcdEnd } from './kubeadm/control-plane-files.js';
import { startApiServer, type JoinedNode } from './kubeadm/kubeadm-init.js';
import { postNodeStatus } from './kubeadm/simulated-kubelet.js';
import { StatusError } from './kubernetes/kube-object.js';
import { SimulatedApiServer } from './kubernetes/simulated-api-server.js';
import type { SimulatedClusters } from './kubernetes/simulated-cluster.js';
import { simulatedEtcdctl, simulatedEtcdutl, type ProgramResult } from './kubernetes/simulated-etcdctl.js';
import type { SimulatedEtcd } from './kubernetes/simulated-etcd.js';
import { hasPodNetwork } from './kubernetes/simulated-workloads.js';
import { SimulatedDisk } from './simulated-disk.js';
import { SimulatedNodeAgent, type AgentMemory } from './simulated-node-agent.js';
import type { GuestJournal, GuestState } from './guest-journal.js';

/** What guests need of the machine room. */
export interface GuestRoom {
  readonly clusters: SimulatedClusters;
  readonly connections: GuestConnections;
  readonly journal: GuestJournal;
  readonly latencies: GuestLatencies;
  readonly patience: number;
  fault(serverName: string): GuestFault | undefined;
  stepFault(serverName: string, step: string): Extract<GuestFault, { kind: 'step-fails' }> | undefined;
  route(server: ServerView, host: string, port: number): RealAddress | undefined;
  /** Listens on a free internal address. */
  listen(server: SimulatedApiServer, port: number): Promise<RealAddress>;
  /** A guest began or ceased to listen. */
  changed(): void;
  log(line: string): void;
}

/** One server's guest: off, booting, joining, or a node of its cluster. */
export class SimulatedGuest implements Machine {
  readonly console = new ConsoleLog();
  #outcome: GuestState['outcome'];
  #memory: AgentMemory;
  #disk: SimulatedDisk;
  #power: AbortController | null = null;
  #api: { server: SimulatedApiServer; address: RealAddress; clusterKey: string; nodeName: string } | null = null;
  #silent: NodeJS.Timeout | undefined;
  /** Its kubelet has spoken since the machine was switched on: what it said last of being Ready. */
  #saidReady: boolean | null = null;

  constructor(
    readonly room: GuestRoom,
    public server: ServerView,
    state?: GuestState,
  ) {
    this.#outcome = state?.outcome ?? 'running';
    this.#memory = state?.memory ?? {};
    this.#disk = SimulatedDisk.from(state?.disk ?? {});
  }

  get outcome(): GuestState['outcome'] {
    return this.#outcome;
  }

  get isOn(): boolean {
    return this.#power !== null;
  }

  /** Where it can be reached on this port now. */
  listensOn(port: number): RealAddress | undefined {
    return this.#api?.address.port === port ? this.#api.address : undefined;
  }

  services(): readonly Service[] {
    return this.#api ? [{ port: this.#api.address.port, at: this.#api.address }] : [];
  }

  get listening(): RealAddress | undefined {
    return this.#api?.address;
  }

  /**
   * @param awake the machine was running all the time; only the simulation was restarted
   * @returns when the guest has come to rest; never rejects
   */
  powerOn(awake = false): Promise<void> {
    const power = new AbortController();
    this.#power = power;
    clearTimeout(this.#silent);
    this.console.powerOn();
    return this.#run(power.signal, awake).catch((error: unknown) => {
      if (power.signal.aborted) return;
      this.console.write(`simulated guest: ${(error as Error).message}`);
      this.room.log(`guest ${this.server.name}: ${(error as Error).message}`);
    });
  }

  /** At once, like a power cut: connections break, the node falls silent. */
  async powerOff(): Promise<void> {
    this.#power?.abort(new Error('power off'));
    this.#power = null;
    this.#saidReady = null;
    this.console.write('Power down');
    const joined = this.#memory.joined;
    if (joined) {
      this.room.clusters.find(joined.clusterKey)?.kubeletTrust.gone(this.server.id);
      this.#silent = setTimeout(() => this.#postStatus(joined, 'unknown'), this.room.latencies.nodeMonitorGraceMs);
      this.#silent.unref();
    }
    await this.#closeApi();
  }

  /** The server is no more. */
  async destroy(): Promise<void> {
    await this.powerOff();
    this.room.journal.remove(this.server.id);
    const joined = this.#memory.joined;
    if (joined?.controlPlane) this.room.clusters.leave(joined.clusterKey, this.server.id);
  }

  /** The simulation ends, the machine does not: nothing is forgotten. */
  async suspend(): Promise<void> {
    clearTimeout(this.#silent);
    this.#power?.abort(new Error('simulation ends'));
    this.#power = null;
    await this.#closeApi();
  }

  /** Other faults are in force now: a node that is there becomes NotReady, or Ready again. */
  faultsChanged(): void {
    const joined = this.#memory.joined;
    if (!joined || this.#saidReady === null) return;
    const fault = this.room.fault(this.server.name);
    const ready = fault?.kind !== 'not-ready';
    if (ready === this.#saidReady) return;
    this.#saidReady = ready;
    this.#postStatus(joined, ready, fault?.kind === 'not-ready' ? fault.message : undefined);
  }

  /** Makes a restarted control plane a member again, before any guest is switched on. */
  rejoin(): void {
    const joined = this.#memory.joined;
    if (!joined?.controlPlane) return;
    const dir = joined.controlPlane.certificatesDir;
    const { etcdMembers, etcdTls } = this.room.clusters.join(joined.clusterKey, this.server.id);
    if (this.#disk.file(`${dir}/etcd/peer.crt`)) etcdTls.set(this.server.id, etcdEnd(this.#disk, dir));
    if (!joined.controlPlane.etcdMember) etcdMembers.adopt(this.server.id, joined.nodeName, this.server.ports[0]?.fixedIp ?? '');
  }

  async #run(signal: AbortSignal, awake: boolean): Promise<void> {
    const environment = this.#environment(signal);
    if (environment.fault('never-boots')) {
      this.console.write('Booting from Hard Disk...\nNo bootable device.');
      return;
    }
    if (awake && ['failed', 'cancelled'].includes(this.#outcome)) return;
    if (!(awake && this.#outcome === 'joined')) await environment.sleep(environment.latencies.bootMs);
    const joined = this.#memory.joined;
    if (joined?.controlPlane) await startApiServer(environment, joined.clusterKey, joined.nodeName, joined.controlPlane);
    if (joined && this.#outcome === 'joined') return this.#becomeReady(environment, joined, 0);
    await this.#firstBoot(environment);
  }

  async #firstBoot(environment: GuestEnvironment): Promise<void> {
    const { server, hostname, localIp } = environment;
    const boot = firstBoot(server, { instanceId: server.id, hostname, localIp });
    for (const path of boot.disk.paths()) {
      const file = boot.disk.file(path);
      if (file) this.#disk.write(path, file.content, file.mode);
    }
    for (const line of boot.console) this.console.write(line);
    if (boot.stopped) return;
    const { program } = boot;
    if (program === undefined) {
      this.console.write(`${hostname} login: `);
      return;
    }
    if (((boot.disk.file(program)?.mode ?? 0) & 0o111) === 0) throw new Error(`${program}: Permission denied`);
    const agent = new SimulatedNodeAgent(environment, this.#memory, () => this.#save());
    const outcome = await agent.run();
    this.#outcome = outcome.kind;
    this.#save();
    if (outcome.kind === 'joined') await this.#becomeReady(environment, outcome.node, environment.latencies.nodeReadyMs);
  }

  async #becomeReady(environment: GuestEnvironment, joined: JoinedNode, afterMs: number): Promise<void> {
    if (afterMs > 0) await environment.sleep(afterMs);
    await this.#podNetwork(environment, joined);
    const fault = environment.fault('not-ready');
    if (fault) this.console.write(`kubelet: ${fault.message ?? 'network plugin is not ready: cni config uninitialized'}`);
    this.#saidReady = !fault;
    this.#postStatus(joined, !fault, fault?.message);
    if (!fault) this.#listenToApi(joined);
  }

  /** A kubelet that an API server does not believe, or that does not believe it, falls silent. */
  #listenToApi(joined: JoinedNode): void {
    if (!joined.kubelet) return;
    const tell = (trouble: string | null): void => {
      if (!this.isOn) return;
      if (trouble !== null) this.console.write(`kubelet: Unable to update node status: ${trouble}`);
      this.#postStatus(joined, trouble === null ? true : 'unknown');
    };
    this.room.clusters.find(joined.clusterKey)?.kubeletTrust.running(this.server.id, { ...joined.kubelet, tell });
  }

  /** Until an add-on has brought a network for pods to this node; the Node says meanwhile that it waits for it. */
  async #podNetwork(environment: GuestEnvironment, joined: JoinedNode): Promise<void> {
    const cluster = this.room.clusters.find(joined.clusterKey);
    if (!cluster || this.#memory.podNetwork) return;
    const { etcd } = cluster;
    const here = (): boolean => {
      const node = etcd.get('/nodes', '', joined.nodeName)?.object;
      return node !== undefined && hasPodNetwork(etcd, node);
    };
    if (!here()) environment.console.write('kubelet: container runtime network not ready: cni plugin not initialized');
    await until(etcd, here, environment.signal);
    this.#memory.podNetwork = true;
    this.#save();
  }

  #postStatus(joined: JoinedNode, ready: boolean | 'unknown', message?: string): void {
    const cluster = this.room.clusters.find(joined.clusterKey);
    if (cluster) postNodeStatus(cluster.etcd, { name: joined.nodeName, serverId: this.server.id }, ready, message);
  }

  #save(): void {
    const disk = this.#memory.joined?.controlPlane ? this.#disk.toJSON() : undefined;
    this.room.journal.save({ serverId: this.server.id, outcome: this.#outcome, memory: this.#memory, disk });
  }

  async #serveApi(options: ServeApi): Promise<void> {
    const cluster = this.room.clusters.find(options.clusterKey);
    if (!cluster) throw new Error('the simulated etcd of this cluster is not there');
    await this.#closeApi();
    const server = new SimulatedApiServer({
      cluster,
      serverId: this.server.id,
      version: options.version,
      certPem: options.certPem,
      keyPem: options.keyPem,
      clientCaPem: options.clientCaPem,
      address: options.endpoint,
    });
    const address = await this.room.listen(server, options.port);
    this.#api = { server, address, clusterKey: options.clusterKey, nodeName: options.nodeName };
    cluster.serving.add(this.server.id);
    const { certPem, keyPem, clientCaPem: trustPem } = options;
    cluster.kubeletTrust.serving(this.server.id, { certPem, keyPem, trustPem });
    cluster.etcdTls.set(this.server.id, etcdEnd(this.#disk, options.certificatesDir));
    cluster.kubelets.set(options.nodeName, (container, command) => this.#runInContainer(options.nodeName, container, command));
    cluster.etcdMembers.start(this.server.id);
    this.console.write(`kube-apiserver: simulated, serving on ${address.address}:${address.port}`);
    this.room.changed();
  }

  async #closeApi(): Promise<void> {
    const api = this.#api;
    if (!api) return;
    this.#api = null;
    const cluster = this.room.clusters.find(api.clusterKey);
    cluster?.serving.delete(this.server.id);
    cluster?.signers.delete(this.server.id);
    cluster?.kubeletTrust.stopped(this.server.id);
    cluster?.kubelets.delete(api.nodeName);
    cluster?.etcdMembers.stop(this.server.id);
    this.room.changed();
    await api.server.close();
  }

  /** What `kubectl exec` finds in the static pods: etcd's image has etcdctl, etcdutl and nothing else. */
  #runInContainer(nodeName: string, container: string, [program = '', ...words]: readonly string[]): ProgramResult {
    const members = this.#api && this.room.clusters.find(this.#api.clusterKey)?.etcdMembers;
    if (!members || container !== 'etcd') {
      throw new StatusError(400, 'BadRequest', `container ${container} is not valid for a pod of node ${nodeName}`);
    }
    if (members.of(this.server.id) === undefined) {
      throw new StatusError(500, 'InternalError', 'container not found ("etcd")');
    }
    const snapshot =
      program === 'etcdctl' && words.includes('snapshot') ? this.room.stepFault(this.server.name, 'etcd-snapshot') : undefined;
    if (snapshot) return { exitCode: snapshot.exitCode, stdout: '', stderr: `Error: ${snapshot.stderr}\n` };
    if (program === 'etcdutl') return simulatedEtcdutl(this.#disk, words);
    if (program === 'etcdctl') return simulatedEtcdctl({ members, serverId: this.server.id, disk: this.#disk }, words);
    throw new StatusError(
      500,
      'InternalError',
      `OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": executable file not found in $PATH`,
    );
  }

  #environment(signal: AbortSignal): GuestEnvironment {
    const { room } = this;
    const fault = room.fault(this.server.name);
    const latencies = fault?.kind === 'slow' ? scaleGuestLatencies(room.latencies, fault.factor) : room.latencies;
    const current = (): ServerView => this.server;
    return {
      get server() {
        return current();
      },
      hostname: this.server.name.toLowerCase(),
      get localIp() {
        return current().ports[0]?.fixedIp ?? '127.0.0.1';
      },
      disk: this.#disk,
      console: this.console,
      signal,
      latencies,
      patience: room.patience,
      clusters: room.clusters,
      connections: room.connections,
      get sourceAddress() {
        const { ports, routerExternalIp } = current();
        return ports.find((port) => port.floatingIp !== undefined)?.floatingIp ?? routerExternalIp;
      },
      route: (host, port) => room.route(current(), host, port),
      fault: <K extends GuestFault['kind']>(kind: K) => {
        const now = room.fault(current().name);
        return now?.kind === kind ? (now as Extract<GuestFault, { kind: K }>) : undefined;
      },
      stepFault: (step) => room.stepFault(current().name, step),
      sleep: (ms) => sleep(ms, signal),
      serveApi: (options) => this.#serveApi(options),
    };
  }
}

/** Until something that pods need has come, so that the condition holds. @throws the signal's reason */
function until(etcd: SimulatedEtcd, holds: () => boolean, signal: AbortSignal): Promise<void> {
  if (holds()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (then: () => void): void => {
      stop();
      signal.removeEventListener('abort', give);
      then();
    };
    const give = (): void => end(() => reject(signal.reason as Error));
    const stop = etcd.onChange(({ resource }) => {
      if (NEEDED_BY_PODS.includes(resource) && holds()) end(resolve);
    });
    signal.addEventListener('abort', give, { once: true });
    if (signal.aborted) give();
  });
}

const NEEDED_BY_PODS = ['apps/daemonsets', '/configmaps', '/secrets', '/serviceaccounts'];

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
