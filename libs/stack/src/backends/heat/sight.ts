import type { HeatStack } from '#libs/openstack';

/** The least that says what Heat's stack is, and which of our wanted states it was asked for last. */
export interface Sight {
  readonly id: string;
  /** CREATE, UPDATE, DELETE, ROLLBACK, SUSPEND, RESUME, CHECK, SNAPSHOT, RESTORE, ADOPT */
  readonly action: string;
  /** IN_PROGRESS, COMPLETE, FAILED */
  readonly status: string;
  readonly reason: string;
  /** Null: nothing that we have asked for. */
  readonly token: string | null;
  /** Made by us for this very stack of ours. */
  readonly ours: boolean;
}

const OURS = 'jeroboam';
const stackTag = (stackUuid: string): string => `${OURS}:stack:${stackUuid}`;
const TOKEN = `${OURS}:wanted:`;

/** By these a stack is found again, and told from others of its name; the token goes with each change that is asked for. */
export const tagsOf = (stack: { readonly uuid: string; readonly clusterUuid: string }, token: string): string =>
  [OURS, `${OURS}:cluster:${stack.clusterUuid}`, stackTag(stack.uuid), `${TOKEN}${token}`].join(',');

export function sightOf(stack: HeatStack, stackUuid: string): Sight {
  const tags = stack.tags ?? [];
  return {
    id: stack.id,
    ...stateOf(stack.stack_status),
    reason: stack.stack_status_reason ?? '',
    token: tags.find((tag) => tag.startsWith(TOKEN))?.slice(TOKEN.length) ?? null,
    ours: tags.includes(stackTag(stackUuid)),
  };
}

/** `CREATE_IN_PROGRESS` in its parts. */
export function stateOf(word: string): { action: string; status: string } {
  const [, action = word, status = ''] = /^([A-Z]+)_(IN_PROGRESS|COMPLETE|FAILED)$/.exec(word) ?? [];
  return { action, status };
}

/** Heat wants a letter first. Unique in the project, as it holds the cluster's key. */
export const heatName = (physicalName: string): string => (/^[a-z]/i.test(physicalName) ? physicalName : `c-${physicalName}`);
