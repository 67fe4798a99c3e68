import { TemplateError, type TemplatePlace } from '../errors.js';
import { PerMember, resolveExpression, type Expression, type Scope } from '../expression.js';
import { isList, isMap, isName, type Read } from './reader.js';

/** `{ get_param: name }` or `{ get_param: [name, key or index, ...] }` */
export const getParam: Read = (argument, { place, references, inner }) => {
  const [name, ...path] = isList(argument) ? argument : [argument];
  if (!isName(name)) throw new TemplateError('get_param needs the name of a parameter, or a list that begins with one', place);
  references.parameters.add(name);
  const steps = path.map(inner);
  return (scope) => follow(scope.parameter(name), steps, scope, `parameter ${name}`, place);
};

/** `{ get_resource: logical name }`: the id of the object */
export const getResource: Read = (argument, { place, references }) => {
  if (!isName(argument)) throw new TemplateError('get_resource needs the logical name of a resource', place);
  references.resources.add(argument);
  return (scope) => scope.resourceId(argument);
};

/** `{ get_attr: [logical name, attribute, key or index, ...] }`; of a group, what each member has at that path. */
export const getAttr: Read = (argument, { place, references, inner }) => {
  const [resource, attribute, ...path] = isList(argument) ? argument : [];
  if (!isName(resource) || !isName(attribute)) {
    throw new TemplateError('get_attr needs a list: logical name, attribute, and what to take of it', place);
  }
  references.attributes.push({ resource, attribute, path, place });
  const steps = path.map(inner);
  return (scope) => {
    const found = scope.attribute(resource, attribute);
    const what = `attribute ${attribute} of ${resource}`;
    if (!(found instanceof PerMember)) return follow(found, steps, scope, what, place);
    return found.map((value) => follow(value, steps, scope, what, place));
  };
};

function follow(start: unknown, steps: readonly Expression[], scope: Scope, what: string, place: TemplatePlace): unknown {
  let value = start;
  let path = what;
  for (const step of steps) {
    const key = resolveExpression(step, scope);
    path += `.${String(key)}`;
    const next: unknown =
      isList(value) && Number.isInteger(Number(key))
        ? value[Number(key)]
        : isMap(value) && Object.hasOwn(value, String(key))
          ? value[String(key)]
          : undefined;
    if (next === undefined) throw new TemplateError(`there is no ${path}`, place);
    value = next;
  }
  return value;
}
