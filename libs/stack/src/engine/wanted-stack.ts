import type { StackResourceRecord } from '#libs/db';
import { Graph } from '../graph/graph.js';
import type { AnyResourceType } from '../resource.js';
import { TemplateError } from '../template/errors.js';
import { resolveExpression, type Scope } from '../template/expression.js';
import {
  parameterValues,
  parseTemplate,
  type ParameterValues,
  type ResourceDefinition,
  type Template,
} from '../template/template.js';
import type { Definition } from './definition.js';
import type { ResourceRegistry } from './registry.js';
import type { StackRef } from './run.js';
import { asInvalidInput, resolveProperties, validateTemplate } from './validate.js';

type Rows = ReadonlyMap<string, Pick<StackResourceRecord, 'uuid' | 'physicalId' | 'attributes'>>;

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
  ) {
    this.graph = new Graph(new Map([...template.resources.values()].map(({ name, requires }) => [name, requires])));
  }

  /** @throws InvalidInput `invalid-template` */
  static read(
    ref: Pick<StackRef, 'uuid' | 'name' | 'projectId' | 'template' | 'parameters'>,
    hidden: Readonly<Record<string, string>>,
    registry: ResourceRegistry,
  ): WantedStack {
    try {
      const template = parseTemplate(ref.template);
      const values = parameterValues(template, ref.parameters, hidden, ref);
      validateTemplate(template, registry, values);
      return new WantedStack(template, values, registry);
    } catch (error) {
      throw asInvalidInput(error);
    }
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
    const blind: Scope = { ...open, parameter: (name) => (isHidden(name) ? '' : open.parameter(name)) };
    const entries: [string, unknown][] = [];
    for (const [property, { value, references }] of resource.properties) {
      const secret = [...references.parameters].some(isHidden);
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
      attribute: (name, attribute) => (rows.get(name) ?? absent(name)).attributes[attribute],
    };
  }
}
