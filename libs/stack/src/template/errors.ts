/** Where in a template something is wrong. */
export interface TemplatePlace {
  readonly section?: 'parameters' | 'conditions' | 'resources' | 'outputs';
  /** Logical name of the resource, or name of the parameter, condition or output. */
  readonly name?: string;
  /** `networks.0.port` */
  readonly property?: string;
}

/** The template cannot be taken as it is. `message` begins with the place and says what would be right. */
export class TemplateError extends Error {
  readonly code = 'invalid-template';
  constructor(
    readonly problem: string,
    readonly place: TemplatePlace = {},
  ) {
    super(`${placeText(place)}${problem}`);
    this.name = 'TemplateError';
  }
}

function placeText({ section, name, property }: TemplatePlace): string {
  if (section === undefined) return '';
  const kind = { parameters: 'parameter', conditions: 'condition', resources: 'resource', outputs: 'output' }[section];
  const object = name === undefined ? section : `${kind} ${name}`;
  return property === undefined || property === '' ? `${object}: ` : `${object}: property ${property}: `;
}
