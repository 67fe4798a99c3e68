import { dig, StatusError, type KubeObject } from './kube-object.js';

export type Selector = (object: KubeObject) => boolean;

/** `a=b,c!=d,e in (x,y),f notin (z),g,!h` over labels. @throws StatusError 400 */
export function labelSelector(text: string | null): Selector {
  if (text === null || text.trim() === '') return () => true;
  const tests = text.split(/,(?![^(]*\))/).map((part) => labelTest(part.trim()));
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

function labelTest(part: string): (labels: Record<string, string>) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(part);
  if (set) {
    const [, key = '', word, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? '\0') === (word === 'in');
  }
  const equal = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
  if (equal) {
    const [, key = '', operator, value = ''] = equal;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const exists = /^(!?)\s*([^!=\s]+)$/.exec(part);
  if (!exists) throw new StatusError(400, 'BadRequest', `unable to parse requirement: ${part}`);
  const [, not, key = ''] = exists;
  return (labels) => key in labels === (not === '');
}

/** `metadata.name=x,type!=y`: dotted paths compared as text. @throws StatusError 400 */
export function fieldSelector(text: string | null): Selector {
  if (text === null || text.trim() === '') return () => true;
  const tests = text.split(',').map((part) => {
    const found = /^([\w.]+)(==|=|!=)(.*)$/.exec(part.trim());
    if (!found) throw new StatusError(400, 'BadRequest', `invalid selector: '${part}'; can't understand '${part}'`);
    const [, path = '', operator, value] = found;
    return (object: KubeObject): boolean => {
      const here = dig(object, ...path.split('.'));
      const same = (typeof here === 'string' ? here : here === undefined ? '' : JSON.stringify(here)) === value;
      return same === (operator !== '!=');
    };
  });
  return (object) => tests.every((test) => test(object));
}
