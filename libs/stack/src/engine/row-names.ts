/**
 * A row has its logical name, until another object takes its place: then it is called `<logical name>~<number>` and waits
 * for its removal, or for being wanted again. Templates cannot have such names.
 */
const MARK = '~';

export const isRetired = (rowName: string): boolean => rowName.includes(MARK);

export const logicalNameOf = (rowName: string): string => rowName.split(MARK)[0] ?? rowName;

/** @param taken names of all rows of the stack */
export function retiredName(logicalName: string, taken: { has(name: string): boolean }): string {
  return numbered((number) => `${logicalName}${MARK}${number}`, 1, taken);
}

/** The name of an object beside which another one of the same logical name still stands: `k1-3f2a9c1b7d4e-network-r2`. */
export function nextPhysicalName(first: string, taken: { has(name: string): boolean }): string {
  return taken.has(first) ? numbered((number) => `${first}-r${number}`, 2, taken) : first;
}

function numbered(name: (number: number) => string, from: number, taken: { has(name: string): boolean }): string {
  for (let number = from; ; number++) if (!taken.has(name(number))) return name(number);
}
