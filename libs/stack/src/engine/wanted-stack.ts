import type { StackResourceRecord } from '#libs/db';
import { Graph } from '../graph/graph.js';
import type { AnyResourceType } from '../resource.js';
import { TemplateError } from '../template/errors.js';
import { resolveExpression, type Scope } from '../template/expression.js';
import {
  parameterValues,
  parseParameters,
  parseTemplate,
  type ParameterValues,
  type ResourceDefinition,
  type Template,
} from '../template/template.js';
import type { Definition } from './definition.js';
import { groupAttribute, isSecretOf, removedByRows, type GroupRow } from './groups.js';
import type { ResourceRegistry } from './registry.js';
import type { StackRef } from './run.js';
import { asInvalidInput, resolveProperties, validateTemplate } from './validate.js';

type Rows = ReadonlyMap<string, Pick<StackResourceRecord, 'uuid' | 'physicalId' | 'attributes'>>;
/** Makes a sealed attribute readable again. */
type Open = (row: { readonly uuid: string }, sealed: unknown) => unknown;
const cannotOpen: Open = () => {
  throw new Error('this engine cannot open what is sealed');
};

/** What one resource shall be, all that it needs being there. */
export interface WantedResource {
  readonly name: string;
  readonly type: AnyResourceType;
  readonly definition: Definition;
  /** Uuids of the rows that it is made from, sorted. */
  readonly requires: readonly string[];
  /** As its type reads them, hidden values among them. @throws TemplateError */
  readonly properties: () => unknown;
}

/** What a stack shall be: a template and its values, checked; resolved one by one against the rows as they become complete. */
export class WantedStack {
  /** By logical name. @throws GraphCycle */
  readonly graph: Graph;

  private constructor(
    private readonly template: Template,
    private readonly values: ParameterValues,
    private readonly registry: ResourceRegistry,
    private readonly open: Open,
  ) {
    this.graph = new Graph(new Map([...template.resources.values()].map(({ name, requires }) => [name, requires])));
  }

  /**
   * @param rows what is there: it tells which members of groups were removed for good. Default: nothing
   * @throws InvalidInput `invalid-template`
   */
  static read(
    ref: Pick<StackRef, 'uuid' | 'name' | 'projectId' | 'template' | 'parameters'>,
    hidden: Readonly<Record<string, string>>,
    registry: ResourceRegistry,
    rows: readonly GroupRow[] = [],
    open: Open = cannotOpen,
  ): WantedStack {
    try {
      const values = parameterValues(parseParameters(ref.template), ref.parameters, hidden, ref);
      const template = parseTemplate(ref.template, values, removedByRows(rows));
      validateTemplate(template, registry, values);
      return new WantedStack(template, values, registry, open);
    } catch (error) {
      throw asInvalidInput(error);
    }
  }

  /** Whether what it says depends on what is there: it has groups, or secrets that are sealed. */
  get needsRows(): boolean {
    const { groups, resources } = this.template;
    return groups.size > 0 || [...resources.values()].some(({ type }) => this.registry.find(type)?.secret !== undefined);
  }

  /** Groups by logical name, with the members that may not be made again. */
  get removedMembers(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.template.groups.values()].map(({ name, removed }) => [name, removed]));
  }

  get names(): readonly string[] {
    return this.graph.names;
  }

  has(name: string): boolean {
    return this.template.resources.has(name);
  }

  typeNameOf(name: string): string {
    return this.get(name).type;
  }

  /** @throws TemplateError a value that cannot be; Error something that it needs is not there yet */
  resource(name: string, rows: Rows): WantedResource {
    const resource = this.get(name);
    const type = this.registry.find(resource.type);
    if (!type) throw new Error(`this process knows no type ${resource.type}`);
    const required = resource.requires.map((other) => rows.get(other)?.uuid).filter((uuid) => uuid !== undefined);
    return {
      name,
      type,
      definition: { properties: this.bare(resource, rows) },
      requires: required.sort(),
      properties: () => resolveProperties(resource, type, this.scope(rows)),
    };
  }

  outputs(rows: Rows): Record<string, unknown> {
    const scope = this.scope(rows);
    return Object.fromEntries(
      [...this.template.outputs.values()].map(({ name, value }) => [name, resolveExpression(value, scope)]),
    );
  }

  private get(name: string): ResourceDefinition {
    const resource = this.template.resources.get(name);
    if (!resource) throw new Error(`the template of the stack has no ${name}`);
    return resource;
  }

  /** With nothing where hidden values are. */
  private bare(resource: ResourceDefinition, rows: Rows): Record<string, unknown> {
    const open = this.scope(rows);
    const isHidden = (parameter: string): boolean => this.template.parameters.get(parameter)?.hidden ?? false;
    const isSecret = (resource: string, attribute: string): boolean =>
      isSecretOf(this.template, this.registry, resource, attribute);
    const blind: Scope = {
      ...open,
      parameter: (name) => (isHidden(name) ? '' : open.parameter(name)),
      attribute: (name, attribute) => (isSecret(name, attribute) ? '' : open.attribute(name, attribute)),
    };
    const entries: [string, unknown][] = [];
    for (const [property, { value, references }] of resource.properties) {
      const secret =
        [...references.parameters].some(isHidden) ||
        references.attributes.some(({ resource: other, attribute }) => isSecret(other, attribute));
      try {
        entries.push([property, resolveExpression(value, secret ? blind : open)]);
      } catch (error) {
        // A part of a hidden value: there is none to be found in nothing.
        if (!secret || !(error instanceof TemplateError)) throw error;
      }
    }
    return Object.fromEntries(entries);
  }

  private scope(rows: Rows): Scope {
    const absent = (name: string): never => {
      throw new Error(`${name} is not there yet`);
    };
    return {
      parameter: (name) => this.values.get(name),
      resourceId: (name) => rows.get(name)?.physicalId ?? absent(name),
      attribute: (name, attribute) => {
        const group = this.template.groups.get(name);
        if (!group) return this.attribute(rows.get(name) ?? absent(name), this.typeNameOf(name), attribute);
        return groupAttribute(group, attribute, (member) => {
          const row = rows.get(member);
          const { physicalId, attributes } = row ?? absent(member);
          const all = Object.keys(attributes).map((one): [string, unknown] => [
            one,
            this.attribute(row ?? absent(member), group.memberType, one),
          ]);
          return { id: physicalId, attributes: Object.fromEntries(all) };
        });
      },
    };
  }

  private attribute(row: Pick<StackResourceRecord, 'uuid' | 'attributes'>, typeName: string, attribute: string): unknown {
    const stored = row.attributes[attribute];
    return this.registry.find(typeName)?.secret?.includes(attribute) ? this.open(row, stored) : stored;
  }
}
