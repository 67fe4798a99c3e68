import { InvalidInput } from '#libs/domain';
import { z } from 'zod';
import { GraphCycle } from '../graph/graph.js';
import type { AnyResourceType } from '../resource.js';
import { TemplateError } from '../template/errors.js';
import { resolveExpression, type References, type Scope } from '../template/expression.js';
import type { ParameterValues, ResourceDefinition, Template } from '../template/template.js';
import type { ResourceRegistry } from './registry.js';

/**
 * Checks a template against the types there are, as far as can be told before anything is made: types, names of
 * properties, those that are required, values that need no other resource, attributes.
 * @throws TemplateError naming resource and property
 */
export function validateTemplate(template: Template, registry: ResourceRegistry, values: ParameterValues): void {
  const scope = parametersOnly(values);
  const required = new Map<AnyResourceType, readonly string[]>();
  for (const resource of template.resources.values()) {
    const type = registry.find(resource.type);
    if (!type) throw new TemplateError(`there is no type ${resource.type}`, { section: 'resources', name: resource.name });
    validateProperties(resource, type, scope);
    if (!required.has(type)) required.set(type, requiredProperties(type));
    const missing = required.get(type)?.find((property) => !resource.properties.has(property));
    if (missing !== undefined)
      throw new TemplateError('is required', { section: 'resources', name: resource.name, property: missing });
  }
  for (const resource of template.resources.values()) {
    for (const { references } of resource.properties.values()) checkAttributes(references.attributes);
  }
  for (const { references } of template.outputs.values()) checkAttributes(references.attributes);

  function checkAttributes(attributes: References['attributes']): void {
    for (const { resource, attribute, place } of attributes) {
      const typeName = template.resources.get(resource)?.type ?? '';
      if (registry.find(typeName)?.attributes.includes(attribute)) continue;
      throw new TemplateError(`${resource} (${typeName}) has no attribute ${attribute}`, place);
    }
  }
}

function validateProperties(resource: ResourceDefinition, type: AnyResourceType, scope: Scope): void {
  const place = (property: string) => ({ section: 'resources', name: resource.name, property }) as const;
  const shape = shapeOf(type);
  if (!shape) return;
  for (const [property, { value, references }] of resource.properties) {
    const schema = Object.hasOwn(shape, property) ? shape[property] : undefined;
    if (!schema) throw new TemplateError(`${resource.type} has no such property`, place(property));
    if (references.resources.size > 0 || references.attributes.length > 0) continue;
    const result = schema.safeParse(resolveExpression(value, scope));
    if (!result.success) throw new TemplateError(issueText(result.error), place(pathOf(result.error, property)));
  }
}

/** Properties by name, where the type declares a plain object. */
const shapeOf = ({ properties }: AnyResourceType): Readonly<Record<string, z.ZodType>> | undefined =>
  properties instanceof z.ZodObject ? properties.shape : undefined;

const requiredProperties = (type: AnyResourceType): string[] =>
  Object.entries(shapeOf(type) ?? {}).flatMap(([property, schema]) => (schema.safeParse(undefined).success ? [] : [property]));

/** The properties as their type wants them. @throws TemplateError naming resource and property, without their values */
export function resolveProperties(resource: ResourceDefinition, type: AnyResourceType, scope: Scope): unknown {
  const raw = Object.fromEntries([...resource.properties].map(([name, { value }]) => [name, resolveExpression(value, scope)]));
  const result = type.properties.safeParse(raw);
  if (result.success) return result.data;
  throw new TemplateError(issueText(result.error), { section: 'resources', name: resource.name, property: pathOf(result.error) });
}

/** As the callers of the engine see it: 400, with fields. */
export function asInvalidInput(error: unknown): unknown {
  if (error instanceof GraphCycle) return new InvalidInput('invalid-template', error.message, {}, { cause: error });
  if (!(error instanceof TemplateError)) return error;
  const { section, name, property } = error.place;
  return new InvalidInput(error.code, error.message, { section, name, property }, { cause: error });
}

const pathOf = (error: z.ZodError, ...head: string[]): string =>
  [...head, ...(error.issues[0]?.path ?? [])].map(String).join('.');
const issueText = (error: z.ZodError): string => error.issues[0]?.message ?? 'is not valid';

function parametersOnly(values: ParameterValues): Scope {
  const never = (): never => {
    throw new Error('a value that needs a resource is checked when the resource is there');
  };
  return { parameter: (name) => values.get(name), resourceId: never, attribute: never };
}
