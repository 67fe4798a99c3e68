import type { Store } from '../store/store.js';
import type { Row, Table } from '../store/table.js';

export type ServerStatus = 'BUILD' | 'ACTIVE' | 'ERROR' | 'SHUTOFF' | 'PAUSED' | 'SUSPENDED' | 'REBOOT' | 'HARD_REBOOT';

export interface Flavor extends Row {
  readonly name: string;
  readonly vcpus: number;
  /** MiB */
  readonly ram: number;
  /** GiB */
  readonly disk: number;
  readonly is_public: boolean;
  readonly extra_specs: Readonly<Record<string, string>>;
}

export interface Fault {
  readonly code: number;
  readonly created: string;
  readonly message: string;
}

export interface ServerRow extends Row {
  readonly name: string;
  readonly project_id: string;
  readonly user_id: string;
  readonly status: ServerStatus;
  readonly task_state: string | null;
  /** As it was when the server was made: flavors may go. */
  readonly flavor: Flavor;
  readonly image_id: string | null;
  readonly key_name: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly description: string | null;
  readonly hostname: string;
  readonly host: string;
  readonly availability_zone: string;
  readonly config_drive: boolean;
  readonly locked: boolean;
  readonly group_id: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly launched_at: string | null;
  readonly fault: Fault | null;
  readonly reservation_id: string;
  /** Ports Nova made itself; they go with the server. */
  readonly own_port_ids: readonly string[];
}

/** Apart from the server, as it is big and never changes. */
export interface UserData extends Row {
  /** Base64. */
  readonly data: string;
}

/** Text that the sandbox's guests or admin endpoint put on a server's console. */
export interface ConsoleText extends Row {
  readonly text: string;
}

export interface ServerGroup extends Row {
  readonly name: string;
  readonly project_id: string;
  readonly user_id: string;
  readonly policy: string;
  readonly max_server_per_host: number | null;
  readonly members: readonly string[];
}

/** Key pairs belong to users; the id is `<user>/<name>`. */
export interface Keypair extends Row {
  readonly name: string;
  readonly user_id: string;
  readonly type: string;
  readonly public_key: string;
  readonly fingerprint: string;
  readonly created_at: string;
}

export interface ComputeTables {
  readonly servers: Table<ServerRow>;
  readonly userData: Table<UserData>;
  readonly consoles: Table<ConsoleText>;
  readonly groups: Table<ServerGroup>;
  readonly keypairs: Table<Keypair>;
  readonly flavors: Table<Flavor>;
}

export function computeTables(store: Store): ComputeTables {
  return {
    servers: store.table<ServerRow>('servers', ['project_id', 'name']),
    userData: store.table<UserData>('server_user_data'),
    consoles: store.table<ConsoleText>('server_consoles'),
    groups: store.table<ServerGroup>('server_groups', ['project_id', 'name']),
    keypairs: store.table<Keypair>('keypairs', ['user_id']),
    flavors: store.table<Flavor>('flavors', ['name']),
  };
}
