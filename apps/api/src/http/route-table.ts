/** Which methods each path knows: for 405 with `Allow` instead of 404, for metrics and for the start-up check. */
export class RouteTable {
  private readonly routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  add(methods: readonly string[], path: string): void {
    const known = this.routes.get(path) ?? { pattern: toPattern(path), methods: new Set<string>() };
    for (const method of methods) if (method !== 'HEAD') known.methods.add(method);
    this.routes.set(path, known);
  }

  /** The methods of whatever route the path names; none: there is no such path. */
  methodsOf(url: string): string[] {
    const path = (url.split('?', 1)[0] ?? '').replace(/\/+$/, '') || '/';
    const methods = [...this.routes.values()].filter(({ pattern }) => pattern.test(path)).flatMap((route) => [...route.methods]);
    return [...new Set(methods)].sort();
  }
}

function toPattern(path: string): RegExp {
  const source = path
    .replace(/\/+$/, '')
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source || '/'}$`);
}
