/** The services of the catalogue that we speak with. */
export type ServiceName = 'identity' | 'compute' | 'network' | 'image' | 'load-balancer' | 'volume' | 'orchestration';
