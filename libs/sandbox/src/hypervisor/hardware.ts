/** What a machine is built of. All of it is fixed when the server is made, but the ports that its security groups open. */
export interface Hardware {
  readonly name: string;
  readonly hostname: string;
  readonly projectId: string;
  readonly availabilityZone: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  /** 0: as large as the image. */
  readonly diskGib: number;
  readonly imageName: string | undefined;
  /** Volumes that are attached. */
  readonly volumes: readonly { readonly id: string; readonly sizeGib: number }[];
  readonly publicKey?: { readonly name: string; readonly text: string } | undefined;
  readonly cards: readonly NetworkCard[];
  /** TCP ports that its security groups let the world in to. */
  readonly openPorts: readonly number[];
}

export interface NetworkCard {
  readonly portId: string;
  readonly mac: string;
  readonly networkId: string;
  readonly mtu: number;
  readonly address: string;
  readonly netmask: string;
  readonly gateway: string | undefined;
  readonly nameservers: readonly string[];
}

/** What machines need to know of the cloud beyond its `CloudView`. */
export interface HardwareView {
  hardware(serverId: string): Hardware | undefined;
  /** Addresses of a network at which its gateway answers: the router's, and those of load balancers. */
  gatewayAddresses(networkId: string): readonly string[];
  hasVolume(id: string): boolean;
}
