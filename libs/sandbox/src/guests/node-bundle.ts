import { z } from 'zod';

const bundle = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  role: z.enum(['master', 'worker']),
  files: z.array(
    z.strictObject({
      path: z.string().regex(/^\/(?!.*\/\.\.?(\/|$))/),
      mode: z
        .string()
        .regex(/^0[0-7]{3}$/)
        .transform((mode) => Number.parseInt(mode, 8)),
      content: z.string(),
    }),
  ),
  steps: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/),
      command: z.array(z.string()).min(1),
      timeout_seconds: z.int().positive(),
      attempts: z.int().positive(),
      turn: z.literal(true).optional(),
    }),
  ),
  cleanup: z.array(z.string().startsWith('/')),
});

/** A bundle as the bootstrap endpoint sends it, version 1. */
export type Bundle = z.infer<typeof bundle>;
export type BundleStep = Bundle['steps'][number];

/** @throws Error naming the field that is wrong */
export function readBundle(text: string): Bundle {
  const result = bundle.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Error(`the bundle is not understood: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
