import { InvalidInput } from '#libs/domain';
import { StandardSchemaValidationPipe } from '@nestjs/common';

/** Bodies and queries through their zod schemas; the schemas speak Magnum's words themselves. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const [issue] = issues;
      const field = issue?.path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
      return new InvalidInput('invalid-input', issue?.message ?? 'The request cannot be taken.', { field });
    },
  });
}
