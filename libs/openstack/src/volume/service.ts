import type { ServiceApi } from '../service-api.js';
import { Snapshots } from './snapshots.js';
import { Volumes } from './volumes.js';

/** Cinder. */
export class VolumeService {
  readonly volumes: Volumes;
  readonly snapshots: Snapshots;

  constructor(api: ServiceApi) {
    this.volumes = new Volumes(api);
    this.snapshots = new Snapshots(api);
  }
}
