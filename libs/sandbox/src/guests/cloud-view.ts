/** A port of a server as its guest knows it. Addresses are IPv4 text. */
export interface PortView {
  readonly id: string;
  readonly networkId: string;
  readonly fixedIp: string;
  /** Address of the floating IP associated with this port now, if any. */
  readonly floatingIp?: string | undefined;
}

/** A server as the hypervisor knows it. A new object whenever something in it changed. */
export interface ServerView {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  /** Nova's status word. Guests run while it is ACTIVE; any other one stops them, absence ends them. */
  readonly status: string;
  /** Base64 as sent to Nova, or null without user data. */
  readonly userData: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly ports: readonly PortView[];
  /** External address of the router that serves the first port's network: the source of traffic without floating IP. */
  readonly routerExternalIp?: string | undefined;
  /** What the server was built from, when known: the node's looks (osImage), and the Kubernetes that it carries. */
  readonly image?:
    { readonly name: string; readonly osDistro?: string | undefined; readonly kubeVersion?: string | undefined } | undefined;
}

/** A load balancer's listener. Members the view cannot resolve to a server are left out. */
export interface ListenerView {
  /** Listener id. */
  readonly id: string;
  /** Where it can be reached: floating IP of the VIP port, if any. */
  readonly floatingIp?: string | undefined;
  /** VIP on the tenant's network, for clients that are guests of the same network. */
  readonly vip: { readonly networkId: string; readonly address: string };
  readonly protocolPort: number;
  readonly members: readonly { readonly serverId: string; readonly protocolPort: number }[];
}

/**
 * What simulated guests see of a cloud: a snapshot and a bell.
 * Floating IPs of servers are read from `servers()`, those of load balancers from `listeners()`;
 * both are forwarded to guests by the runtime. Source addresses of guests: floating IP, else the router's external address.
 */
export interface CloudView {
  /** Every server that exists now, whatever its status. Cheap: called after each bell. */
  servers(): readonly ServerView[];
  /** Every listener of every load balancer that is not being deleted. */
  listeners(): readonly ListenerView[];
  /**
   * Calls `changed` after any change of a server (created, status, deleted), a port, a floating IP, a router gateway,
   * a listener, a pool or a member. Many changes may ring once; ringing too often is harmless (readers coalesce).
   * @returns stops the calls
   */
  onChange(changed: () => void): () => void;
}
