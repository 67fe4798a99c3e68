import { InvalidInput } from '#libs/domain';
import { z } from 'zod';
import { GraphCycle } from '../graph/graph.js';
import type { AnyResourceType } from '../resource.js';
import { TemplateError, type TemplatePlace } from '../template/errors.js';
import { resolveExpression, type References, type Scope } from '../template/expression.js';
import type { ParameterValues, ResourceDefinition, Template } from '../template/template.js';
import { hasGroupAttribute, isSecretOf } from './groups.js';
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
  for (const { name, type, properties } of template.resources.values()) {
    for (const [property, { references }] of properties) {
      const place = { section: 'resources', name, property } as const;
      checkReferences(references, place);
      // Its row keeps it in the open.
      if (type === 'OS::Heat::Value') refuseSecrets(references, place, 'a value is stored');
    }
  }
  for (const { name, references } of template.outputs.values()) {
    const place = { section: 'outputs', name } as const;
    checkReferences(references, place);
    refuseSecrets(references, place, 'outputs are stored');
  }

  function checkReferences(references: References, place: TemplatePlace): void {
    for (const name of references.resources) {
      const { type = '' } = template.resources.get(name) ?? {};
      if (registry.find(type)?.withoutId) throw new TemplateError(`${name} (${type}) has no id to be told: use get_attr`, place);
    }
    for (const { resource, attribute, path, place: at } of references.attributes) {
      const group = template.groups.get(resource);
      const type = group?.memberType ?? template.resources.get(resource)?.type ?? '';
      const has = (name: string): boolean => registry.find(type)?.attributes.includes(name) ?? false;
      if (group ? hasGroupAttribute(group, attribute, path, has) : has(attribute)) continue;
      throw new TemplateError(`${resource} (${group ? `a group of ${type}` : type}) has no attribute ${attribute}`, at);
    }
  }

  function refuseSecrets(references: References, place: TemplatePlace, why: string): void {
    const parameter = [...references.parameters].find((name) => template.parameters.get(name)?.hidden);
    if (parameter !== undefined) throw new TemplateError(`${why}: it cannot show the hidden parameter ${parameter}`, place);
    const secret = references.attributes.find(({ resource, attribute }) => isSecretOf(template, registry, resource, attribute));
    if (secret) throw new TemplateError(`${why}: it cannot show ${secret.attribute} of ${secret.resource}`, place);
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
