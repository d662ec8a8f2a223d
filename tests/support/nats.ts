/** A cluster of NATS servers of a test's own, each of which can be killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { installedServer } from '../../tools/setup/servers.mjs';
import { FaultProxy } from './fault-proxy.ts';
import { Signal } from './signal.ts';

const start_timeout_ms = 60_000;
const log_lines_max = 1_000;
const loopback = '127.0.0.1';

export class NatsCluster {
  readonly servers: readonly NatsServer[];
  readonly #progress: Signal;

  /** Starts so many. Resolves once each has a route to each other one. */
  static async start(size: number): Promise<NatsCluster> {
    const program = process.env['SEQLINE_NATS_SERVER'] ?? (await installedServer('nats-server'));
    if (program === null) {
      throw new Error(
        'There is no NATS server. Install it (`apt-get install nats-server` on Debian and Ubuntu), or name it in SEQLINE_NATS_SERVER.',
      );
    }
    const progress = new Signal();
    const servers: NatsServer[] = [];
    for (let n = 1; n <= size; n++) {
      servers.push(await NatsServer.prepare(`nats-${n}`, program, progress, [...servers]));
    }
    const cluster = new NatsCluster(servers, progress);
    try {
      for (const server of servers) await cluster.startServer(server);
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  private constructor(servers: readonly NatsServer[], progress: Signal) {
    this.servers = servers;
    this.#progress = progress;
  }

  /** Starts one, for the first time or again. Resolves once all that run have found each other. */
  async startServer(server: NatsServer): Promise<void> {
    await server.start();
    await this.#progress.until(
      () => this.#isWhole,
      start_timeout_ms,
      () => `the NATS servers do not find each other:\n${this.log}`,
    );
  }

  /** What all of them wrote. */
  get log(): string {
    return this.servers.map(({ name, log }) => `--- ${name}:\n${log}`).join('\n');
  }

  async dispose(): Promise<void> {
    for (const server of this.servers) await server.dispose();
  }

  get #isWhole(): boolean {
    const running = this.servers.filter(({ port }) => port !== undefined);
    return running.every(({ routes }) => routes >= running.length - 1);
  }
}

export class NatsServer {
  readonly name: string;
  readonly #program: string;
  readonly #progress: Signal;
  /** Those that it connects to; later ones connect to it. */
  readonly #earlier: readonly NatsServer[];
  /** Ids of connections to other servers. */
  readonly #routes = new Set<string>();
  /** Its address for the others, wherever it listens after the next start. */
  #address: FaultProxy | undefined;
  #process: ChildProcess | undefined;
  #port: number | undefined;
  #routesPort: number | undefined;
  #log: string[] = [];

  /** One that is down. */
  static async prepare(
    name: string,
    program: string,
    progress: Signal,
    earlier: readonly NatsServer[],
  ): Promise<NatsServer> {
    const server = new NatsServer(name, program, progress, earlier);
    server.#address = await FaultProxy.start(() => server.#routesPort);
    return server;
  }

  private constructor(
    name: string,
    program: string,
    progress: Signal,
    earlier: readonly NatsServer[],
  ) {
    this.name = name;
    this.#program = program;
    this.#progress = progress;
    this.#earlier = earlier;
  }

  /** Where clients connect; undefined while it is down. Another one after each start. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Connections to other servers of its cluster. */
  get routes(): number {
    return this.#routes.size;
  }

  get log(): string {
    return this.#log.join('\n');
  }

  /** Resolves once it listens. */
  async start(): Promise<void> {
    if (this.#process) throw new Error(`${this.name} is up`);
    const child = spawn(this.#program, this.#args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    child.on('exit', (code, signal) => {
      this.#note(`--- ended with ${signal ?? `code ${code ?? 'none'}`}`);
      this.#process = undefined;
      this.#port = undefined;
      this.#routesPort = undefined;
      this.#routes.clear();
      this.#progress.notify();
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#note(line);
      this.#progress.notify();
    });
    await once(child, 'spawn');
    await this.#progress.until(
      () => this.#process !== child || this.#routesPort !== undefined,
      start_timeout_ms,
      () => `${this.name} does not listen:\n${this.log}`,
    );
    if (this.#process !== child) throw new Error(`${this.name} ended:\n${this.log}`);
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child) throw new Error(`${this.name} is down`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async dispose(): Promise<void> {
    if (this.#process) await this.kill();
    await this.#address?.stop();
  }

  get #args(): string[] {
    const routes = this.#earlier.map((server) => server.#route).join(',');
    return [
      ...['--addr', loopback, '--port', '-1', '--server_name', this.name],
      ...['--cluster_name', 'test', '--cluster', `nats://${loopback}:-1`],
      ...['--cluster_advertise', this.#route.replace('nats://', '')],
      // Clients are to know the addresses that they were given, and no way around those.
      '--no_advertise',
      ...(routes === '' ? [] : ['--routes', routes]),
    ];
  }

  get #route(): string {
    return `nats://${loopback}:${this.#address?.port ?? 0}`;
  }

  #note(line: string): void {
    this.#log = [...this.#log, line].slice(-log_lines_max);
    const listens = /Listening for (client|route) connections on [^\s]+:(\d+)$/.exec(line);
    if (listens?.[1] === 'client') this.#port = Number(listens[2]);
    if (listens?.[1] === 'route') this.#routesPort = Number(listens[2]);
    const [, opened] = /rid:(\d+) - Route connection created/.exec(line) ?? [];
    if (opened !== undefined) this.#routes.add(opened);
    const [, closed] = /rid:(\d+) - Router connection closed/.exec(line) ?? [];
    if (closed !== undefined) this.#routes.delete(closed);
  }
}
