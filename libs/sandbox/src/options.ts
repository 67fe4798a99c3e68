import type { Duplicates } from './faults/duplicates.js';
import type { GuestLatencies } from './guests/guest-options.js';
import type { GuestRuntime } from './guests/guest-runtime.js';
import type { QemuOptions } from './hypervisor/qemu-options.js';
import { accounts } from './identity/seed.js';
import type { AccountName, CatalogEntry } from './identity/seed.js';
import type { Latencies } from './latencies.js';

export interface SandboxOptions {
  /** Where the state lives; it survives kill -9 and restart. Without it the cloud is forgotten. */
  readonly dir?: string | undefined;
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** What the external network hands out; must be local addresses for guests to be reachable. 127.25.0.0/16 unless told. */
  readonly publicCidr?: string;
  /** Of accounts; random where absent. They count when the state is first made. */
  readonly passwords?: Partial<Record<AccountName, string>>;
  readonly latencies?: Partial<Latencies> | 'zero';
  /** False: servers become ACTIVE, but nothing runs on them. */
  readonly guests?: boolean;
  /** Real machines instead of simulated guests; `guests` and what follows it count no more then. */
  readonly qemu?: QemuOptions;
  /** Else the guests' own defaults, times `latencies.factor`. */
  readonly guestLatencies?: GuestLatencies;
  /** Multiplies what guests wait for others and between attempts; 1 unless told. */
  readonly guestPatience?: number;
  /** Where guests listen by themselves; a network of 127.0.0.0/8. */
  readonly guestInternalCidr?: string;
  /** Further catalog entries, such as container-infra. They replace entries of the same type. */
  readonly catalog?: readonly CatalogEntry[];
  readonly region?: string;
  readonly tokenSeconds?: number;
  /** Lines of the guests worth telling an operator. */
  readonly log?: (line: string) => void;
}

/** One cloud of a clouds.yaml, as the clients read it. */
export interface CloudsEntry {
  readonly auth: Readonly<Record<string, string>>;
  readonly region_name: string;
  readonly identity_api_version: 3;
  readonly interface: 'public';
}

export interface Sandbox {
  /** `http://127.0.0.1:<port>/identity/v3` */
  readonly authUrl: string;
  /** `http://127.0.0.1:<port>/sandbox` */
  readonly adminUrl: string;
  /** By account: admin, demo, reader, other, jeroboam, jeroboam_domain_admin. */
  readonly clouds: Readonly<Record<AccountName, CloudsEntry>>;
  readonly passwords: Readonly<Record<AccountName, string>>;
  /** Two of what shall be there once, since the start. */
  readonly duplicates: Duplicates;
  /** As `GET /sandbox/inventory`: by project, by kind. */
  inventory(): Record<string, Record<string, readonly Record<string, unknown>[]>>;
  /** Undefined without guests. */
  readonly guests: GuestRuntime | undefined;
  close(): Promise<void>;
}

export function cloudsEntries(
  authUrl: string,
  region: string,
  passwords: Readonly<Record<AccountName, string>>,
): Record<AccountName, CloudsEntry> {
  const entries = accounts.map(({ user, domain, project }): [AccountName, CloudsEntry] => [
    user,
    {
      auth: {
        auth_url: authUrl,
        username: user,
        password: passwords[user],
        user_domain_name: domain,
        ...(project === null ? { domain_name: domain } : { project_name: project, project_domain_name: 'Default' }),
      },
      region_name: region,
      identity_api_version: 3,
      interface: 'public',
    },
  ]);
  return Object.fromEntries(entries) as Record<AccountName, CloudsEntry>;
}
