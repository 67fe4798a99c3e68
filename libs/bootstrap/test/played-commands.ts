import { join } from 'node:path';
import type { Bundle } from '../src/types.js';
import type { AgentRig } from './agent-rig.js';

/** A command that writes down how it was called, and with which proxy. */
export function playCommand(machine: AgentRig, name: string, body: string): void {
  machine.write(
    `/bin/${name}`,
    `#!/bin/bash\necho "${name} $*\${HTTPS_PROXY:+ [$HTTPS_PROXY]}" >>"$JEROBOAM_ROOT/commands"\n${body}\n`,
    0o755,
  );
}

/** Commands of a real machine, played: each writes down how it was called. */
export function playCommands(machine: AgentRig, kubeadmExit: number): string {
  const bin = join(machine.root, 'bin');
  const play = (name: string, body: string): void => playCommand(machine, name, body);
  for (const name of [
    'update-ca-certificates',
    'restorecon',
    'swapoff',
    'modprobe',
    'sysctl',
    'systemctl',
    'containerd',
    'ctr',
    'journalctl',
  ])
    play(name, ':');
  play('stat', 'echo cgroup2fs');
  play('timedatectl', 'echo yes');
  play('containerd', 'echo containerd github.com/containerd/containerd v2.3.4 abc');
  play('kubelet', 'echo Kubernetes v1.36.4');
  play(
    'kubeadm',
    `case $1 in
  version) echo v1.36.4 ;;
  config) printf 'registry.k8s.io/coredns/coredns:v1.14.6\\nregistry.k8s.io/pause:3.99\\n' ;;
  reset) rm -rf "$JEROBOAM_ROOT/etc/kubernetes/pki" ;;
  init) test -s "$JEROBOAM_ROOT/etc/kubernetes/pki/ca.key" || exit 9
    grep -q 'provider-id' "$3" || exit 8
    test -e "$JEROBOAM_ROOT/once" || { touch "$JEROBOAM_ROOT/once"; exit ${kubeadmExit}; } ;;
esac`,
  );
  return `${bin}:${process.env['PATH'] ?? ''}`;
}

/** A rendered bundle with its scripts where the machine has them. */
export function below(root: string, rendered: Bundle): Bundle {
  const steps = rendered.steps.map((step) => ({
    ...step,
    command: step.command.map((word) => (word.startsWith('/run/') ? root + word : word)),
  }));
  return { ...rendered, steps };
}
