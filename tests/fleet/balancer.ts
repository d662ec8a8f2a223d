/**
 * What a device takes for the relay: a load balancer that gives each of its connections to any
 * relay of the fleet, and is also the network before that device alone.
 */
import { FaultProxy, type Direction } from '../support/fault-proxy.ts';
import type { Random } from '../support/random.ts';
import type { FleetNode } from './node.ts';

export class Balancer {
  readonly #nodes: readonly FleetNode[];
  readonly #random: Random;
  /** Whether connections go where the one before went, as requests over HTTP have to. */
  readonly isSticky: boolean;
  #network: FaultProxy | undefined;
  #node: FleetNode | undefined;
  /** The device is not given to this one, if there is another. */
  #avoided: FleetNode | undefined;

  static async start(
    nodes: readonly FleetNode[],
    random: Random,
    isSticky: boolean,
  ): Promise<Balancer> {
    const balancer = new Balancer(nodes, random, isSticky);
    balancer.#network = await FaultProxy.start(() => balancer.#choose()?.relay.port);
    return balancer;
  }

  private constructor(nodes: readonly FleetNode[], random: Random, isSticky: boolean) {
    this.#nodes = nodes;
    this.#random = random;
    this.isSticky = isSticky;
  }

  get network(): FaultProxy {
    if (!this.#network) throw new Error('the load balancer is not there yet');
    return this.#network;
  }

  /** Where the newest connection went. */
  get node(): FleetNode | undefined {
    return this.#node;
  }

  /** What the device has open hangs from now on; it is given to another relay next. */
  strand(...directions: Direction[]): void {
    this.#avoided = this.#node;
    this.network.strand(...directions);
  }

  /** What hangs goes on. */
  heal(): void {
    this.#avoided = undefined;
    this.network.heal();
  }

  #choose(): FleetNode | undefined {
    const serving = this.#nodes.filter(({ isServing }) => isServing);
    const chosen = serving.filter((node) => node !== this.#avoided);
    const stays = this.isSticky && this.#node && chosen.includes(this.#node);
    if (!stays) this.#node = chosen.length > 0 ? this.#random.pick(chosen) : serving[0];
    return this.#node;
  }
}
