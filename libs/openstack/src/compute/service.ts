import { Flavors } from './flavors.js';
import { Keypairs } from './keypairs.js';
import { ServerGroups } from './server-groups.js';
import { Servers, type ServersApi } from './servers.js';
import { VolumeAttachments } from './volume-attachments.js';

/** Nova. */
export class ComputeService {
  readonly servers: Servers;
  readonly serverGroups: ServerGroups;
  readonly keypairs: Keypairs;
  readonly flavors: Flavors;
  readonly volumeAttachments: VolumeAttachments;

  constructor(api: ServersApi) {
    this.servers = new Servers(api);
    this.serverGroups = new ServerGroups(api);
    this.keypairs = new Keypairs(api);
    this.flavors = new Flavors(api);
    this.volumeAttachments = new VolumeAttachments(api);
  }
}
