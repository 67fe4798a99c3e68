import type { ServiceApi } from '../service-api.js';
import { Volumes } from './volumes.js';

/** Cinder. */
export class VolumeService {
  readonly volumes: Volumes;

  constructor(api: ServiceApi) {
    this.volumes = new Volumes(api);
  }
}
