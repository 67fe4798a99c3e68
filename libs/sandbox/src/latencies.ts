/** How long the simulated cloud takes, in milliseconds. */
export interface Latencies {
  /** Each API call, before it is looked at. */
  apiMs: number;
  /** Server from accepted to ACTIVE. */
  serverBuildMs: number;
  serverDeleteMs: number;
  /** Power and pause actions. */
  serverActionMs: number;
  /** Load balancer from accepted to ACTIVE. */
  loadBalancerBuildMs: number;
  /** Any change below a load balancer: it is PENDING_UPDATE so long. */
  loadBalancerChangeMs: number;
  loadBalancerDeleteMs: number;
  volumeCreateMs: number;
  volumeAttachMs: number;
  volumeDeleteMs: number;
  /** Everything above is multiplied with it. */
  factor: number;
}

export const defaultLatencies: Latencies = {
  apiMs: 4,
  serverBuildMs: 6000,
  serverDeleteMs: 2000,
  serverActionMs: 1000,
  loadBalancerBuildMs: 4000,
  loadBalancerChangeMs: 700,
  loadBalancerDeleteMs: 1500,
  volumeCreateMs: 1500,
  volumeAttachMs: 700,
  volumeDeleteMs: 700,
  factor: 1,
};

/** For tests: nothing takes time. States still pass one after the other. */
export const zeroLatencies: Latencies = { ...defaultLatencies, apiMs: 0, factor: 0 };
