/** What the demo and the bench ask of the services, over HTTP like any other client. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface ClusterView {
  readonly uuid: string;
  readonly name: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly api_address: string | null;
  readonly coe_version: string | null;
}

export interface NodeView {
  readonly name: string;
  readonly role: 'master' | 'worker';
  readonly phase: string;
  readonly phase_status: 'started' | 'done' | 'failed';
  readonly private_ip: string | null;
}

export interface EventView {
  readonly id: number;
  readonly type: string;
  readonly level: string;
  readonly message: string;
  readonly created_at: string;
}

export interface OperationView {
  readonly uuid: string;
  readonly kind: string;
  readonly steps: readonly { readonly name: string; readonly started_at: string; readonly finished_at: string | null }[];
}

/** The container-infra API with a token of one user in one project. */
export class ContainerInfra {
  private constructor(
    private readonly baseUrl: string,
    private readonly token: string,
    readonly projectId: string,
  ) {}

  /** What every request carries. */
  get headers(): Record<string, string> {
    return { 'x-auth-token': this.token, 'openstack-api-version': 'container-infra latest', accept: 'application/json' };
  }

  /** Logs in with Keystone. */
  static async login(apiUrl: string, authUrl: string, user: string, password: string, project: string): Promise<ContainerInfra> {
    const response = await fetch(`${authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: { methods: ['password'], password: { user: { name: user, domain: { name: 'Default' }, password } } },
          scope: { project: { name: project, domain: { name: 'Default' } } },
        },
      }),
    });
    const token = response.headers.get('x-subject-token');
    if (!token) throw new ApiError(response.status, `${user} could not log in at ${authUrl} (${response.status})`);
    const body = (await response.json()) as { token: { project: { id: string } } };
    return new ContainerInfra(`${apiUrl}/v1`, token, body.token.project.id);
  }

  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, detail(text) ?? `${method} ${path}: ${response.status}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  cluster(id: string): Promise<ClusterView> {
    return this.request('GET', `/clusters/${id}`);
  }

  /** The cluster, or null when there is none of that name or uuid. */
  async findCluster(id: string): Promise<ClusterView | null> {
    return this.cluster(id).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    });
  }

  async nodes(id: string): Promise<NodeView[]> {
    return (await this.request<{ nodes: NodeView[] }>('GET', `/clusters/${id}/nodes`)).nodes;
  }

  /** The newest operation of the cluster, with its steps. */
  async lastOperation(id: string): Promise<OperationView> {
    const path = `/clusters/${id}/operations`;
    const { operations } = await this.request<{ operations: { uuid: string }[] }>('GET', `${path}?limit=1`);
    return this.request('GET', `${path}/${operations[0]?.uuid ?? ''}`);
  }

  async events(id: string, after: number): Promise<EventView[]> {
    return (await this.request<{ events: EventView[] }>('GET', `/clusters/${id}/events?after=${after}`)).events;
  }
}

function detail(text: string): string | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: { detail?: string; title?: string }[] };
    return errors?.[0]?.detail || errors?.[0]?.title;
  } catch {
    return undefined;
  }
}
