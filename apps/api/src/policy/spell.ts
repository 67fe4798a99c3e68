/** As Python's `str`. */
export const spell = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : value === null || value === undefined ? 'None' : String(value);
