import type { CloudSession } from '../session.js';
import { Volumes } from './volumes.js';

/** Cinder. */
export class VolumeService {
  readonly volumes: Volumes;

  constructor(session: CloudSession) {
    this.volumes = new Volumes(session);
  }
}
