import { isObject } from '../server/fields.js';
import type { Store } from '../store/store.js';
import type { Row } from '../store/table.js';

/** Two living objects of one kind and project with one name, or one description where they have no names. */
export interface Duplicate {
  readonly project: string;
  readonly kind: string;
  readonly name: string;
}

const KINDS = [
  'servers',
  'server_groups',
  'networks',
  'subnets',
  'routers',
  'ports',
  'security_groups',
  'floatingips',
  'loadbalancers',
  'listeners',
  'pools',
  'healthmonitors',
  'volumes',
] as const;
const KEPT = 10_000;

/** Notices when two of something that shall be there once live at one moment, however short. */
export class Duplicates {
  private found: Duplicate[] = [];

  constructor(store: Store) {
    for (const kind of KINDS) this.watch(store, kind);
  }

  /** Of all projects, or of one; oldest first. */
  list(project?: string): readonly Duplicate[] {
    return project === undefined ? this.found : this.found.filter((one) => one.project === project);
  }

  clear(project?: string): void {
    this.found = project === undefined ? [] : this.found.filter((one) => one.project !== project);
  }

  private watch(store: Store, kind: string): void {
    const living = new Map<string, Set<string>>();
    store.tableNamed(kind)?.watch((before, after) => {
      const was = before && keyOf(before);
      const is = after && keyOf(after);
      if (before && was !== undefined && was !== is) {
        const ids = living.get(was);
        ids?.delete(before.id);
        if (ids?.size === 0) living.delete(was);
      }
      if (!after || is === undefined || was === is) return;
      const ids = living.get(is) ?? new Set();
      living.set(is, ids.add(after.id));
      if (ids.size < 2) return;
      const [project = '', name = ''] = is.split('/', 2);
      this.found.push({ project, kind, name });
      if (this.found.length > KEPT) this.found = this.found.slice(KEPT / 2);
    });
  }
}

/** `<project>/<name>`; undefined for what is nobody's, has no name, or is on its way out. */
function keyOf(row: Row): string | undefined {
  if (!isObject(row) || row['task_state'] === 'deleting' || row['provisioning_status'] === 'PENDING_DELETE') return undefined;
  const name = row['name'] || row['description'];
  const project = row['project_id'];
  if (typeof name !== 'string' || name === '' || name === 'default' || typeof project !== 'string' || project === '')
    return undefined;
  return `${project}/${name}`;
}
