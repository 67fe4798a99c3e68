/** What a deletion was asked to do besides deleting; kept in its operation's `request`. */
export interface DeletionRequest {
  /** Null: not said, reclaim policies decide. False: said; volumes of which nobody knows a policy go too. */
  readonly keepVolumes: boolean | null;
  readonly keepLoadBalancers: boolean;
  /** Goes on past what will not go, and forgets it. */
  readonly force: boolean;
}

export const DEFAULT_DELETION: DeletionRequest = { keepVolumes: null, keepLoadBalancers: false, force: false };

/** Of an operation's request, whichever version of this program wrote it. */
export function deletionRequest(request: Readonly<Record<string, unknown>>): DeletionRequest {
  const { keepVolumes, keepLoadBalancers, force } = request;
  return {
    keepVolumes: typeof keepVolumes === 'boolean' ? keepVolumes : null,
    keepLoadBalancers: keepLoadBalancers === true,
    force: force === true,
  };
}
