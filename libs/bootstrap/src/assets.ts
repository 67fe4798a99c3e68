import { readFileSync } from 'node:fs';

/**
 * The scripts that run on nodes: real files in libs/bootstrap/assets, so that shellcheck and people can read them.
 * Looked for beside the compiled library first (an image that ships `dist` alone copies them there), then in the source tree.
 */
const PLACES = [new URL('../assets/', import.meta.url), new URL('../../../../libs/bootstrap/assets/', import.meta.url)];

function asset(name: string): string {
  for (const place of PLACES) {
    try {
      return readFileSync(new URL(name, place), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`libs/bootstrap/assets/${name} is missing from this installation`);
}

export const NODE_AGENT = asset('jeroboam-node.sh');
/** How the agent reads and writes JSON: one of these lies beside it. */
export const JSON_BY_PYTHON = asset('json-python.sh');
export const JSON_BY_JQ = asset('json-jq.sh');
export const PREPARE_SCRIPT = asset('prepare.sh');
export const CONTAINERD_SCRIPT = asset('containerd.sh');
export const KUBEADM_SCRIPT = asset('kubeadm.sh');
