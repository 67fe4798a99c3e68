import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DISTROS } from '#libs/domain';
import { bundleInput, userDataInput } from '../test/inputs.js';
import * as assets from './assets.js';
import { renderBundle } from './bundle.js';
import type { BundleInput, NodeRole } from './types.js';
import { renderUserData } from './user-data.js';

/** What other people's tools say of what we render. A tool that is not there is named: `npm test` installs those of Debian. */
function tool(t: TestContext, command: string | undefined, hint: string): string | undefined {
  if (command !== undefined && spawnSync(command, ['--version']).error === undefined) return command;
  t.skip(hint);
  return undefined;
}

function judged(t: TestContext, command: string, options: readonly string[], name: string, text: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'jeroboam-forms-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(command, [...options, file], { encoding: 'utf8' });
  assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
}

const ROLES: readonly NodeRole[] = ['master', 'worker'];
const userData = (distro: string, role: NodeRole): string => renderUserData({ ...userDataInput(), distro, role });

for (const { name, userData: format } of DISTROS) {
  test(`${format} of ${name} nodes is what its reader takes`, (t) => {
    if (format === 'cloud-config') {
      const command = tool(t, 'cloud-init', 'cloud-init is not installed: its schema is not asked');
      if (command) for (const role of ROLES) judged(t, command, ['schema', '--config-file'], role, userData(name, role));
      return;
    }
    const hint = 'IGNITION_VALIDATE names no ignition-validate: the form is checked by the sandbox’s Ignition alone';
    const command = tool(t, process.env['IGNITION_VALIDATE'], hint);
    if (command) for (const role of ROLES) judged(t, command, [], role, userData(name, role));
  });
}

test('every script passes shellcheck', (t) => {
  const command = tool(t, 'shellcheck', 'shellcheck is not installed');
  if (!command) return;
  for (const [name, text] of Object.entries(assets)) judged(t, command, [], `${name}.sh`, text);
});

const LABELS = {
  audit_log_enabled: 'true',
  oidc_issuer_url: 'https://id.example',
  oidc_client_id: 'k8s',
  admission_control_list: 'PodSecurity',
  etcd_volume_size: '5',
  api_server_cert_sans: 'api.example',
};
const KINDS: readonly BundleInput['kind'][] = ['init', 'join-control-plane', 'join-worker'];

test('kubeadm takes its configuration', (t) => {
  const command = process.env['KUBEADM'];
  if (!command) return t.skip('KUBEADM names no kubeadm: its configuration is not validated by it');
  for (const kind of KINDS) {
    const bundle = renderBundle(bundleInput({ kind, cluster: { labels: LABELS } }));
    const text = bundle.files.find(({ path }) => path === '/run/kubeadm/kubeadm.yaml')?.content ?? '';
    judged(t, command, ['config', 'validate', '--config'], kind, text.replaceAll('@@LOCAL_IP@@', '10.0.0.5'));
  }
});
