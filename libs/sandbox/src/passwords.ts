import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accounts } from './identity/seed.js';
import type { AccountName } from './identity/seed.js';

/**
 * The accounts' passwords: those given, else those of the last start in `dir` (a file only its owner reads), else random ones.
 * A password given later does not change an account that is already there, so what was first said counts.
 */
export function accountPasswords(
  dir: string | undefined,
  given: Partial<Record<AccountName, string>>,
): Record<AccountName, string> {
  const path = dir === undefined ? undefined : join(dir, 'passwords.json');
  if (path !== undefined && existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Record<AccountName, string>;
  const passwords = Object.fromEntries(
    accounts.map(({ user }) => [user, given[user] ?? randomBytes(12).toString('base64url')]),
  ) as Record<AccountName, string>;
  if (dir !== undefined && path !== undefined) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(path, JSON.stringify(passwords), { mode: 0o600 });
  }
  return passwords;
}
