import type { Route } from './call.js';

interface Node {
  readonly literal: Map<string, Node>;
  parameter?: { readonly name: string; readonly node: Node };
  readonly routes: Map<string, Route>;
}

const node = (): Node => ({ literal: new Map(), routes: new Map() });

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Record<string, string> }
  | { readonly kind: 'method' }
  | { readonly kind: 'none' };

/** Finds the route of a path, segment by segment; a literal segment wins over a parameter. */
export class Router {
  private readonly root = node();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.add(route);
  }

  find(method: string, path: string): Match {
    const segments = path.split('/').filter((segment) => segment !== '');
    const params: Record<string, string> = {};
    const end = walk(this.root, segments, 0, params);
    if (end === undefined) return { kind: 'none' };
    const route = end.routes.get(method);
    return route === undefined ? { kind: 'method' } : { kind: 'route', route, params };
  }

  private add(route: Route): void {
    let at = this.root;
    for (const segment of route.template.split('/').filter((part) => part !== '')) {
      if (segment.startsWith(':')) {
        at.parameter ??= { name: segment.slice(1), node: node() };
        if (at.parameter.name !== segment.slice(1))
          throw new Error(`${route.template}: this segment is called ${at.parameter.name} elsewhere`);
        at = at.parameter.node;
      } else {
        let next = at.literal.get(segment);
        if (next === undefined) at.literal.set(segment, (next = node()));
        at = next;
      }
    }
    if (at.routes.has(route.method)) throw new Error(`${route.method} ${route.template} is there twice`);
    at.routes.set(route.method, route);
  }
}

function walk(at: Node, segments: readonly string[], index: number, params: Record<string, string>): Node | undefined {
  const segment = segments[index];
  if (segment === undefined) return at.routes.size > 0 ? at : undefined;
  const literal = at.literal.get(segment);
  if (literal !== undefined) {
    const end = walk(literal, segments, index + 1, params);
    if (end !== undefined) return end;
  }
  if (at.parameter === undefined) return undefined;
  const end = walk(at.parameter.node, segments, index + 1, params);
  if (end !== undefined) params[at.parameter.name] = decode(segment);
  return end;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
