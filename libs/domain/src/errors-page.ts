import { ERROR_AREAS, type ErrorEntry } from './error-catalogue.js';

const HEAD = `<!-- made by \`npm run errors-doc\` from libs/domain/src/error-catalogue: change it there -->

# Errors

Every error has a code that does not change. Operations, their steps and events carry it whole: \`code\`, \`message\` (in the
cloud's or the node's own words), \`step\`, \`object\`, \`fixable_by\` (who can mend it: user or operator), \`hint\`, \`docs\` (a place
on this page), \`request_id\` (the cloud's, for its operator's logs), and \`cause\` where the code only says how it ended.
Clusters and node groups carry the message in one line as \`status_reason\` and in \`faults\`. Answers of the API are Magnum's
envelope; the status is the one named here.
`;

/** `docs/errors.md`, whole. */
export function errorsPage(): string {
  const areas = Object.entries(ERROR_AREAS) as [string, Readonly<Record<string, ErrorEntry>>][];
  return [HEAD, ...areas.map(([name, area]) => section(name, area))].join('\n');
}

function section(name: string, area: Readonly<Record<string, ErrorEntry>>): string {
  const entries = Object.entries(area).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [`## ${name}\n`, ...entries.map(([code, entry]) => described(code, entry))].join('\n');
}

function described(code: string, { title, explanation, fixableBy, hint, statuses }: ErrorEntry): string {
  const http = statuses.length > 0 ? ` · HTTP ${statuses.join(', ')}` : '';
  return `### ${code}\n\n**${title}** · ${fixableBy}${http}\n\n${explanation}\n\nWhat to do: ${hint}.\n`;
}
