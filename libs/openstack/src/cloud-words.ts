const MAX_WORDS = 500;

export interface CloudWords {
  readonly words: string;
  readonly fault?: string | undefined;
}

/**
 * The cloud's own sentence in an error's body, whatever its shape:
 * Nova and Cinder `{"badRequest": {"message"}}`, Neutron `{"NeutronError": {"type", "message", "detail"}}` or a string there,
 * Octavia `{"faultstring"}`, Keystone and Heat `{"error": {"message"}}`, Heat without a message `{"explanation"}`, Placement `{"errors": [{"detail"}]}`, else text or HTML.
 * @returns at most 500 characters in one line, without tokens; empty when the body says nothing
 */
export function cloudWords(body: string): CloudWords {
  const parsed = parse(body);
  if (parsed === undefined) return { words: tidy(stripHtml(body)) };
  const { words, fault } = sentenceIn(parsed);
  return { words: tidy(words), fault };
}

function sentenceIn(value: unknown): { words: string; fault?: string | undefined } {
  if (typeof value === 'string') return { words: value };
  if (!isRecord(value)) return { words: '' };
  if (typeof value.faultstring === 'string') return { words: value.faultstring };
  if (Array.isArray(value.errors) && isRecord(value.errors[0])) {
    const first = value.errors[0];
    return { words: text(first.detail) || text(first.message) || text(first.title), fault: text(first.code) || undefined };
  }
  const inner = Object.entries(value).find(([, part]) => isRecord(part) && 'message' in part);
  if (inner) {
    const [name, part] = inner as [string, Record<string, unknown>];
    const detail = text(part.detail);
    return { words: [text(part.message), detail].filter(Boolean).join(' '), fault: text(part.type) || name };
  }
  if (typeof value.NeutronError === 'string') return { words: value.NeutronError };
  return {
    words: text(value.message) || text(value.detail) || text(value.explanation) || text(value.title) || text(value.description),
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function stripHtml(body: string): string {
  return body
    .replace(/<(head|style|script)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(nbsp|#160);/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&(quot|#34);/g, '"')
    .replace(/&#0?39;/g, "'")
    .replace(/&amp;/g, '&');
}

/** Fernet and JWS tokens begin like this; nobody may see one in a status reason. */
const TOKENS = /\b(gAAAA[\w-]{20,}={0,2}|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+)/g;

function tidy(words: string): string {
  const line = words.replace(TOKENS, '***').replace(/\s+/g, ' ').trim();
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS - 1)}…` : line;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
