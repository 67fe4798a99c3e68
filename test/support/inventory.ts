import assert from 'node:assert/strict';

/** What `GET /sandbox/inventory` lists: by project, by kind. */
export type Inventory = Readonly<
  Record<string, Readonly<Record<string, readonly { readonly id: string; readonly name: string }[]>>>
>;

export async function inventoryOf(sandboxAdminUrl: string): Promise<Inventory> {
  return ((await (await fetch(`${sandboxAdminUrl}/inventory`)).json()) as { projects: Inventory }).projects;
}

/** How many of each kind are there that were not there before. Unnamed ones count too: floating IPs, gateway ports. */
export function counted(now: Inventory, before: Inventory): Record<string, number> {
  const known = new Set(objects(before).map(({ id }) => id));
  const counts: Record<string, number> = {};
  for (const { kind, id } of objects(now)) if (!known.has(id)) counts[kind] = (counts[kind] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b)));
}

function objects(inventory: Inventory): { kind: string; id: string; name: string }[] {
  return Object.values(inventory).flatMap((kinds) =>
    Object.entries(kinds).flatMap(([kind, list]) => list.map(({ id, name }) => ({ kind, id, name }))),
  );
}

/** @throws AssertionError the text holds one of the passwords, a private key, or what looks like a token of the sandbox */
export function refuseSecrets(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), 'a password is in it');
  assert.doesNotMatch(text, /PRIVATE KEY/);
  assert.doesNotMatch(text, /gAAAAA/);
  assert.doesNotMatch(text, /"(password|nonce|x-auth-token|user_data)":/i);
}
