import type { ServerView } from './cloud-view.js';
import type { ConsoleLog } from './console-log.js';
import type { GuestConnections } from './guest-connections.js';
import type { GuestFault, GuestLatencies } from './guest-options.js';
import type { SimulatedClusters } from './kubernetes/simulated-cluster.js';
import type { SimulatedDisk } from './simulated-disk.js';

export interface RealAddress {
  readonly address: string;
  readonly port: number;
}

/** All that the programs of one simulated guest can touch. Ends with `signal`: the machine was switched off. */
export interface GuestEnvironment {
  readonly server: ServerView;
  readonly hostname: string;
  /** Fixed address of the first port. */
  readonly localIp: string;
  readonly disk: SimulatedDisk;
  readonly console: ConsoleLog;
  readonly signal: AbortSignal;
  readonly latencies: GuestLatencies;
  /** Multiplies time-outs and pauses between attempts. */
  readonly patience: number;
  readonly clusters: SimulatedClusters;
  readonly connections: GuestConnections;
  /** Source of outgoing traffic: floating IP, else the router's external address. */
  readonly sourceAddress: string | undefined;
  /** Where an address of the tenant's network really is; undefined: where it says. */
  route(host: string, port: number): RealAddress | undefined;
  /** The fault of this server, if it is of this kind. */
  fault<K extends GuestFault['kind']>(kind: K): Extract<GuestFault, { kind: K }> | undefined;
  /** Whether this attempt of a step is to fail; counts it. */
  stepFault(step: string): Extract<GuestFault, { kind: 'step-fails' }> | undefined;
  /** Rejects when the machine is switched off. */
  sleep(ms: number): Promise<void>;
  /** Opens the API server of this guest on its internal address. */
  serveApi(options: ServeApi): Promise<void>;
}

export interface ServeApi {
  readonly nodeName: string;
  readonly clusterKey: string;
  readonly certificatesDir: string;
  readonly version: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly clientCaPem: string;
  readonly endpoint: string;
  readonly port: number;
}
