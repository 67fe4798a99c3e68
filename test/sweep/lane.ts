import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from '#libs/sandbox';
import { SimulatedConductor } from './process/simulated-conductor.js';
import { Tracer } from './process/tracer.js';
import type { SweepSite } from './site.js';

const LOOK_MS = 25;
const PATIENCE_MS = 60_000;

export interface LastOperation {
  readonly uuid: string;
  readonly kind: string;
  readonly status: string;
}

/** One tenant with at most one cluster, and the conductors that work for it alone: what strikes it strikes nobody else. */
export class Lane {
  readonly tracer = new Tracer();
  /** The cluster that stands or was asked for last. */
  cluster = '';
  /** Which of its conductors gets the next job. */
  choose: () => number = () => 0;
  readonly #conductors: Promise<SimulatedConductor>[];
  #deaths = 0;
  #count = 0;
  #templates = new Map<string, string>();

  private constructor(
    readonly site: SweepSite,
    readonly name: string,
    readonly projectId: string,
    private readonly login: () => Promise<string>,
    private token: string,
    conductors: number,
  ) {
    this.#conductors = Array.from({ length: conductors }, (_, place) => this.#start(place));
  }

  static async open(site: SweepSite, name: string, conductors = 1): Promise<Lane> {
    const { projectId, login } = await site.tenant(name);
    const lane = new Lane(site, name, projectId, login, await login(), conductors);
    await Promise.all(lane.#conductors);
    return lane;
  }

  get sandbox(): Sandbox {
    return this.site.sandbox;
  }

  /** How many of its conductors have died. */
  get deaths(): number {
    return this.#deaths;
  }

  async close(): Promise<void> {
    for (const conductor of await Promise.all(this.#conductors)) await conductor.stop();
  }

  /** A job for this lane. What is lost on the way is sent again by the site's sweep. */
  async deliver(operationId: string): Promise<void> {
    const fault = this.tracer.pass('queue', 'add');
    if (fault === 'job-lost') return;
    void (await this.#chosen())?.take(operationId);
    if (fault === 'job-twice') void (await this.#chosen())?.take(operationId, true);
  }

  /** Another number each time. */
  turn(): number {
    return ++this.#count;
  }

  /** Asks for a cluster. */
  async create(shape: Readonly<Record<string, unknown>>): Promise<void> {
    const name = `k${this.turn()}`;
    const { uuid } = await this.request<{ uuid: string }>('POST', '/clusters', {
      name,
      cluster_template_id: await this.template('prebuilt'),
      ...shape,
    });
    this.cluster = uuid;
  }

  /** Asks something of the cluster. @param path below the cluster's own */
  async ask(method: string, path: string, body?: unknown): Promise<void> {
    await this.request(method, `/clusters/${this.cluster}${path}`, body);
  }

  /** The uuid of one of the cluster's workers. */
  async worker(): Promise<string> {
    const [row]: { uuid: string }[] = await this.site.database.query(
      `SELECT uuid FROM nodes WHERE cluster_uuid = $1 AND role = 'worker' ORDER BY slot LIMIT 1`,
      [this.cluster],
    );
    return row?.uuid ?? '';
  }

  /** The tenant's template; made when it is first asked for. Both images have the same Kubernetes. */
  async template(image: 'prebuilt' | 'stock'): Promise<string> {
    const known = this.#templates.get(image);
    if (known !== undefined) return known;
    const { uuid } = await this.request<{ uuid: string }>('POST', '/clustertemplates', {
      name: image,
      coe: 'kubernetes',
      network_driver: 'calico',
      external_network_id: 'public',
      master_flavor_id: 'm1.medium',
      flavor_id: 'm1.small',
      ...(image === 'prebuilt'
        ? { image_id: 'ubuntu-24.04-kube-v1.36.4' }
        : { image_id: 'debian-13', labels: { kube_tag: 'v1.36.4' } }),
    });
    this.#templates.set(image, uuid);
    return uuid;
  }

  /** As the tenant. @throws Error with the answer, on 4xx and 5xx */
  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response = await this.#send(method, path, body);
    if (response.status === 401) {
      this.token = await this.login();
      response = await this.#send(method, path, body);
    }
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  #send(method: string, path: string, body: unknown): Promise<Response> {
    return fetch(`${this.site.apiUrl}/v1${path}`, {
      method,
      headers: {
        'x-auth-token': this.token,
        'openstack-api-version': 'container-infra latest',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** The cluster's newest operation. */
  async newestOperation(): Promise<LastOperation | undefined> {
    const [row]: LastOperation[] = await this.site.database.query(
      'SELECT uuid, kind, status FROM operations WHERE cluster_uuid = $1 ORDER BY id DESC LIMIT 1',
      [this.cluster || null],
    );
    return row;
  }

  /** Until its conductors have made so many calls more, or nothing is open. */
  async reach(calls: number): Promise<void> {
    const goal = this.tracer.points.length + calls;
    while (this.tracer.points.length < goal && isOpen(await this.newestOperation())) await sleep(LOOK_MS);
  }

  /** Asks the newest operation to stop and waits until it has. @throws Error it does not */
  async abort(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    const last = await this.newestOperation();
    if (last && isOpen(last))
      await this.ask('POST', `/operations/${last.uuid}/abort`).catch(async (error: unknown) => {
        if (isOpen(await this.newestOperation())) throw error;
      });
    while (isOpen(await this.newestOperation())) {
      if (Date.now() > until) throw new Error(`${last?.kind} does not stop`);
      await this.lookForAborts();
      await sleep(LOOK_MS);
    }
  }

  /** Asks for the newest operation again. */
  async repeat(how: 'retry' | 'resume'): Promise<void> {
    const last = await this.newestOperation();
    await this.ask('POST', `/operations/${last?.uuid}/${how}`);
  }

  /** Other conductors, which have to log in first. */
  async renew(): Promise<void> {
    for (const conductor of await Promise.all(this.#conductors)) conductor.process.die();
    await Promise.all(this.#conductors);
  }

  async #chosen(): Promise<SimulatedConductor | undefined> {
    return this.#conductors[this.choose() % this.#conductors.length];
  }

  /** What each of its conductors does for itself now and then. */
  async lookForAborts(): Promise<void> {
    for (const conductor of await Promise.all(this.#conductors)) await conductor.lookForAborts();
  }

  /** A conductor, and after its death the next one: that finds the lease taken until it has run out. */
  async #start(place: number): Promise<SimulatedConductor> {
    const { parts, kubernetes, connections } = this.site;
    const conductor = await SimulatedConductor.start(parts, this.tracer, () => this.token, kubernetes, connections);
    conductor.process.onDeath(() => {
      this.#deaths++;
      this.#conductors[place] = this.#start(place);
    });
    return conductor;
  }
}

const isOpen = (operation: LastOperation | undefined): boolean => ['pending', 'running'].includes(operation?.status ?? '');
