import { CLOUD_ERRORS } from './error-catalogue/cloud-errors.js';
import { CLUSTER_ERRORS } from './error-catalogue/cluster-errors.js';
import type { ErrorEntry, FixableBy } from './error-catalogue/entry.js';
import { OPERATION_ERRORS } from './error-catalogue/operation-errors.js';
import { REQUEST_ERRORS } from './error-catalogue/request-errors.js';
import { RESOURCE_ERRORS } from './error-catalogue/resource-errors.js';

export type { ErrorEntry, FixableBy } from './error-catalogue/entry.js';

/** By area, as `docs/errors.md` has them. A code that is not here does not compile. */
export const ERROR_AREAS = {
  Operations: OPERATION_ERRORS,
  Cloud: CLOUD_ERRORS,
  Clusters: CLUSTER_ERRORS,
  Resources: RESOURCE_ERRORS,
  Requests: REQUEST_ERRORS,
} as const;

const CATALOGUE = { ...OPERATION_ERRORS, ...CLOUD_ERRORS, ...CLUSTER_ERRORS, ...RESOURCE_ERRORS, ...REQUEST_ERRORS } as const;

/** Stable, kebab-case: what tests and programs look at. */
export type ErrorCode = keyof typeof CATALOGUE;

/** The codes that the API may answer with this status. */
export type CodeOf<Status extends number> = {
  [Code in ErrorCode]: Status extends (typeof CATALOGUE)[Code]['statuses'][number] ? Code : never;
}[ErrorCode];

export const ERROR_CODES = Object.keys(CATALOGUE) as readonly ErrorCode[];

export const errorEntry = (code: ErrorCode): ErrorEntry => CATALOGUE[code];

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(CATALOGUE, text);

/** What the catalogue adds to a code wherever a failure is told whole. */
export const explainCode = (code: ErrorCode): { fixableBy: FixableBy; hint: string; docs: string } => {
  const { fixableBy, hint } = CATALOGUE[code];
  return { fixableBy, hint, docs: errorDocs(code) };
};

/** Where the code is explained. */
export const errorDocs = (code: ErrorCode): string => `docs/errors.md#${code}`;
