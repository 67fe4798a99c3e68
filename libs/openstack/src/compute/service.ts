import type { CloudSession } from '../session.js';
import { Flavors } from './flavors.js';
import { Keypairs } from './keypairs.js';
import { ServerGroups } from './server-groups.js';
import { Servers } from './servers.js';
import { VolumeAttachments } from './volume-attachments.js';

/** Nova. */
export class ComputeService {
  readonly servers: Servers;
  readonly serverGroups: ServerGroups;
  readonly keypairs: Keypairs;
  readonly flavors: Flavors;
  readonly volumeAttachments: VolumeAttachments;

  constructor(session: CloudSession) {
    this.servers = new Servers(session);
    this.serverGroups = new ServerGroups(session);
    this.keypairs = new Keypairs(session);
    this.flavors = new Flavors(session);
    this.volumeAttachments = new VolumeAttachments(session);
  }
}
