/** What builds a cluster's stacks: our own engine, or a real Heat. Fixed for a stack when its row is made. */
export const STACK_BACKENDS = ['native', 'heat'] as const;
export type StackBackendName = (typeof STACK_BACKENDS)[number];

export const isStackBackend = (word: string): word is StackBackendName => (STACK_BACKENDS as readonly string[]).includes(word);
