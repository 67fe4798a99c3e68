import { parseJson, type Side } from './side.js';

interface Item {
  readonly uuid: string;
  readonly name: string;
}

const OURS = /^wire-/;
const GONE_MS = 240_000;

/** Removes what the script makes: clusters and templates called `wire-…`, quotas of its project. Nothing there is fine. */
export async function tidy(side: Side): Promise<void> {
  const clusters = await list(side, 'clusters');
  for (const { uuid } of clusters) await side.ask({ send: `DELETE /v1/clusters/${uuid}`, as: 'admin' });
  const deadline = Date.now() + GONE_MS;
  while ((await list(side, 'clusters')).length > 0) {
    if (Date.now() > deadline) throw new Error(`${side.name}: the clusters are not gone after ${GONE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  for (const { uuid } of await list(side, 'clustertemplates'))
    await side.ask({ send: `DELETE /v1/clustertemplates/${uuid}`, as: 'admin' });
  await side.ask({ send: 'DELETE /v1/quotas/{project_other}/Cluster', as: 'admin' });
}

async function list(side: Side, kind: 'clusters' | 'clustertemplates'): Promise<Item[]> {
  const answer = await side.ask({ send: `GET /v1/${kind}`, as: 'admin' });
  const body = parseJson(answer.text) as Record<string, Item[]> | undefined;
  return (body?.[kind] ?? []).filter(({ name }) => OURS.test(name));
}
