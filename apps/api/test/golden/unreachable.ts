const KEY_IN_USE = 'only while another request with the same Idempotency-Key runs for 25 s; idempotency.int-spec.ts shows it';

/** Answers that the document promises and no case can show, and why. */
export const UNREACHABLE: ReadonlyMap<string, string> = new Map([
  ['GET /v1/federations/{federation} 200', 'there are no federations'],
  ['GET /v1/federations/{federation} 304', 'there are no federations'],
  ['GET /v1/clusters/{cluster}/kubeconfig 304', 'each answer is a new one'],
  ['POST /v1/federations 409', KEY_IN_USE],
  ['PATCH /v1/federations/{federation} 202', 'there are no federations'],
  ['PATCH /v1/federations/{federation} 409', KEY_IN_USE],
  ['DELETE /v1/federations/{federation} 204', 'there are no federations'],
  ['DELETE /v1/federations/{federation} 409', KEY_IN_USE],
  ['DELETE /v1/quotas 409', KEY_IN_USE],
  ['DELETE /v1/quotas/{project}/{resource} 409', KEY_IN_USE],
  ['PATCH /v1/quotas/{project}/{resource} 409', KEY_IN_USE],
]);
