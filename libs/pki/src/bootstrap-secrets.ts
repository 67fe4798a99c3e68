import { createHash, timingSafeEqual } from 'node:crypto';
import type { KeyRing } from './key-ring.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** The largest multiple of 36 under 256: bytes from here on would favour some characters. */
const FAIR = 252;

/**
 * kubeadm's bootstrap token of a cluster, `[a-z0-9]{6}.[a-z0-9]{16}`: derived, never stored. The first part names the
 * Secret and is public, the second has 82 bits.
 * @param generation makes another token for the same cluster
 * Source: kubernetes cluster-bootstrap/token/api, BootstrapTokenPattern, 1.36
 */
export function bootstrapToken(ring: KeyRing, clusterUuid: string, generation = 0): string {
  const bytes = ring.derive('bootstrap-token', `${clusterUuid}/${generation}`, 128);
  // 22 of 128 bytes are needed and 1 in 64 is dropped: this cannot run short in the life of the universe.
  const text = [...bytes].filter((byte) => byte < FAIR).map((byte) => ALPHABET[byte % ALPHABET.length]);
  return `${text.slice(0, 6).join('')}.${text.slice(6, 22).join('')}`;
}

/** The one-time secret in a node's user data: 43 base64url characters, derived from the node's uuid, never stored. */
export function nodeNonce(ring: KeyRing, nodeUuid: string): string {
  return ring.derive('node-nonce', nodeUuid).toString('base64url');
}

/** What a node sends as bearer when it reports a phase: it follows from the nonce, and does not give it away. */
export function reportToken(nonce: string): string {
  return createHash('sha256').update(`jeroboam-report:${nonce}`).digest('hex');
}

/** Whether `presented` is the node's nonce by any key of the ring. Takes the same time for every wrong one. */
export function isNodeNonce(ring: KeyRing, nodeUuid: string, presented: string): boolean {
  return anyEqual(nonces(ring, nodeUuid), presented);
}

/** Whether `presented` is the node's report token by any key of the ring. Takes the same time for every wrong one. */
export function isReportToken(ring: KeyRing, nodeUuid: string, presented: string): boolean {
  return anyEqual(nonces(ring, nodeUuid).map(reportToken), presented);
}

/** What a machine sends as bearer to the wait condition handle it was given: derived from the handle's uuid. */
export function signalToken(ring: KeyRing, handleUuid: string): string {
  return ring.derive('stack-signal', handleUuid).toString('base64url');
}

/** Whether `presented` is the handle's token by any key of the ring. Takes the same time for every wrong one. */
export function isSignalToken(ring: KeyRing, handleUuid: string, presented: string): boolean {
  const tokens = ring.derivations('stack-signal', handleUuid).map((bytes) => bytes.toString('base64url'));
  return anyEqual(tokens, presented);
}

function nonces(ring: KeyRing, nodeUuid: string): string[] {
  return ring.derivations('node-nonce', nodeUuid).map((bytes) => bytes.toString('base64url'));
}

/** Digests are compared, so that neither length nor common prefix can be measured. */
function anyEqual(expected: readonly string[], presented: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const given = digest(presented);
  return expected.map((text) => timingSafeEqual(digest(text), given)).includes(true);
}
