/** One relay of a fleet, and the networks by which it reaches the database and each NATS server. */
import { postgresBehind } from '../support/backend.ts';
import { crowdApp, crowdSecret, crowdSettings } from '../support/crowd/crowd.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import type { NatsCluster } from '../support/nats.ts';
import type { Postgres } from '../support/postgres.ts';
import { Relay } from '../support/relay.ts';

/** Devices of a relay that stops come back within this. */
export const reconnect_window_ms = 1_000;

/** Short ones, so that a silence is found out and made up for soon. */
const settings = [
  ...['--heartbeat-interval-ms', '1000'],
  ...['--poll-wait-ms', '1000'],
  ...['--sweep-interval-ms', '500'],
  ...['--reconnect-window-ms', String(reconnect_window_ms)],
  ...['--drain-ms', '2000'],
  // Clocks are hours apart.
  ...['--recall-window-ms', '86400000'],
];

export class FleetNode {
  readonly name: string;
  readonly relay: Relay;
  readonly database: FaultProxy;
  /** One for each server; none if the database is the bus. */
  readonly nats: readonly FaultProxy[];
  /** Whether the load balancer gives it connections. */
  isServing = false;

  /** Starts one on this database, with NATS as the bus if there is a cluster. */
  static async start(
    name: string,
    postgres: Postgres,
    cluster: NatsCluster | undefined,
  ): Promise<FleetNode> {
    const database = await FaultProxy.start(() => postgres.socket);
    const servers = cluster?.servers ?? [];
    const nats = await Promise.all(servers.map((server) => FaultProxy.start(() => server.port)));
    const urls = nats.map(({ port }) => `nats://127.0.0.1:${port}`).join(',');
    const relay = await Relay.start({
      apps: { [crowdApp]: crowdSecret },
      database: postgresBehind(database),
      args: [...crowdSettings, ...settings, ...(urls === '' ? [] : ['--nats-urls', urls])],
    });
    return new FleetNode(name, relay, database, nats);
  }

  private constructor(
    name: string,
    relay: Relay,
    database: FaultProxy,
    nats: readonly FaultProxy[],
  ) {
    this.name = name;
    this.relay = relay;
    this.database = database;
    this.nats = nats;
    this.isServing = true;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.isServing = false;
    await this.relay.kill();
  }

  /** Leaves the load balancer, drains and ends. */
  async drain(): Promise<void> {
    this.isServing = false;
    const code = await this.relay.terminate();
    if (code !== 0) throw new Error(`${this.name} ended with ${code ?? 'a signal'} when draining`);
  }

  /** @param environment added to its variables, this time */
  async startAgain(environment?: Readonly<Record<string, string>>): Promise<void> {
    await this.relay.start(environment);
    this.isServing = true;
  }

  async dispose(): Promise<void> {
    for (const network of [...this.nats, this.database]) await network.stop();
    await this.relay.dispose();
  }
}
