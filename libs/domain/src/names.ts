import { randomInt } from 'node:crypto';

const GREEK = [
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu',
  'nu xi omicron pi rho sigma tau upsilon phi chi psi omega',
]
  .join(' ')
  .split(' ');

/** `omega-10-cluster`, `chi-6-template`: what is called nothing gets such a name. Not unique. Reference section 8.2. */
export function generateName(kind: 'cluster' | 'template', random: (below: number) => number = randomInt): string {
  return `${GREEK[random(GREEK.length)]}-${1 + random(24)}-${kind}`;
}
