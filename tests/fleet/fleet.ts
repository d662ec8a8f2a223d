/** Three relays on one PostgreSQL server, what wakes them, and a load balancer before them. */
import { openBackend, type Backend } from '../support/backend.ts';
import { NatsCluster } from '../support/nats.ts';
import type { Postgres } from '../support/postgres.ts';
import type { Random } from '../support/random.ts';
import { Balancer } from './balancer.ts';
import { FleetNode } from './node.ts';

export const buses = ['nats', 'postgres'] as const;
export type BusName = (typeof buses)[number];

const relays_count = 3;
const nats_count = 3;

export class Fleet {
  readonly backend: Backend;
  readonly postgres: Postgres;
  /** None if the database is the bus. */
  readonly cluster: NatsCluster | undefined;
  readonly nodes: readonly FleetNode[];
  readonly #balancers: Balancer[] = [];

  static async start(bus: BusName): Promise<Fleet> {
    const started: { dispose(): Promise<void> }[] = [];
    try {
      const backend = await openBackend('postgres');
      started.push(backend);
      if (!backend.server) throw new Error('there is no server of PostgreSQL');
      const cluster = bus === 'nats' ? await NatsCluster.start(nats_count) : undefined;
      if (cluster) started.push(cluster);
      const nodes: FleetNode[] = [];
      for (let n = 1; n <= relays_count; n++) {
        const node = await FleetNode.start(`relay ${n}`, backend.server.postgres, cluster);
        started.push(node);
        nodes.push(node);
      }
      return new Fleet(backend, backend.server.postgres, cluster, nodes);
    } catch (error) {
      for (const one of started.reverse()) await one.dispose();
      throw error;
    }
  }

  private constructor(
    backend: Backend,
    postgres: Postgres,
    cluster: NatsCluster | undefined,
    nodes: readonly FleetNode[],
  ) {
    this.backend = backend;
    this.postgres = postgres;
    this.cluster = cluster;
    this.nodes = nodes;
  }

  /** A load balancer for one device. */
  async balancer(random: Random, isSticky: boolean): Promise<Balancer> {
    const balancer = await Balancer.start(this.nodes, random, isSticky);
    this.#balancers.push(balancer);
    return balancer;
  }

  /** What all processes wrote. */
  get log(): string {
    const relays = this.nodes.map(({ name, relay }) => `--- ${name}:\n${relay.log}`);
    return [...relays, this.cluster?.log ?? ''].join('\n');
  }

  async dispose(): Promise<void> {
    for (const { network } of this.#balancers) await network.stop();
    for (const node of this.nodes) await node.dispose();
    await this.cluster?.dispose();
    await this.backend.dispose();
  }
}
