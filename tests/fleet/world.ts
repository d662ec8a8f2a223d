/**
 * A crowd on a fleet of relays, whose devices come to any of them each time that they connect;
 * and what breaks, while everybody writes.
 */
import { callApi } from '../support/api.ts';
import {
  Crowd,
  crowdApp,
  crowdSecret,
  crowdSize,
  type CrowdFigures,
} from '../support/crowd/crowd.ts';
import type { Device } from '../support/crowd/device.ts';
import { publishAtLast } from '../support/crowd/publishing.ts';
import type { World } from '../support/cycles.ts';
import { at } from '../support/list.ts';
import type { NatsCluster } from '../support/nats.ts';
import type { Postgres } from '../support/postgres.ts';
import { Random } from '../support/random.ts';
import type { Relay } from '../support/relay.ts';
import { secondsFromNow, signToken } from '../support/tokens.ts';
import type { Balancer } from './balancer.ts';
import { faultsOf } from './faults/all.ts';
import { Fleet, type BusName } from './fleet.ts';
import { Load } from './load.ts';
import type { FleetNode } from './node.ts';
import type { Fault, Scene } from './scene.ts';

export interface FleetReport extends CrowdFigures {
  bus: BusName;
  relays: number;
  cycles: number;
  /** Connections of devices that were cut in mid-stream. */
  deviceCuts: number;
  /** Of a device, in rolling restarts; 0 if there was none. */
  longestOutage_ms: number;
  /** The most that one of those took. */
  outageAttempts: number;
  /** How often each happened. */
  faults: Record<string, number>;
}

export interface FleetOptions {
  bus: BusName;
  random: Random;
  messages_per_second: number;
  /** Names of what may happen; all by default. */
  only?: readonly string[];
}

/** Of so many devices, one connects over HTTP. */
const polling_every = 5;
const wait_ms_max = 120_000;
/** Bytes within which a device's connection is cut. */
const cut_bytes_max = 5_000;
/** Before a fault, and after it. */
const acknowledged_around = 10;

export class FleetWorld implements World<FleetReport>, Scene {
  readonly random: Random;
  readonly crowd: Crowd;
  readonly #fleet: Fleet;
  readonly #balancers: ReadonlyMap<Device, Balancer>;
  readonly #load: Load;
  readonly #bus: BusName;
  readonly #faults: readonly Fault[];
  /** What is left of a round in which each fault happens once. */
  #round: Fault[] = [];
  readonly #counts = new Map<string, number>();
  #now = 'nothing';
  #deviceCuts = 0;
  #longestOutage_ms = 0;
  #outageAttempts = 0;

  static async create(options: FleetOptions): Promise<FleetWorld> {
    const fleet = await Fleet.start(options.bus);
    try {
      const random = apart(options.random);
      const balancers: Balancer[] = [];
      for (let n = 0; n < crowdSize; n++) {
        balancers.push(await fleet.balancer(random, n % polling_every === polling_every - 1));
      }
      const world = new FleetWorld(options, fleet, balancers);
      await world.crowd.begin();
      return world;
    } catch (error) {
      await fleet.dispose();
      throw error;
    }
  }

  private constructor(options: FleetOptions, fleet: Fleet, balancers: readonly Balancer[]) {
    const { random, bus, messages_per_second, only } = options;
    this.random = random;
    this.#bus = bus;
    this.#fleet = fleet;
    this.crowd = new Crowd({
      random: apart(random),
      place: (number) => {
        const { network, isSticky } = at(balancers, number);
        return { url: network.url, transport: isSticky ? 'polling' : undefined };
      },
    });
    const { devices, progress } = this.crowd;
    for (const { network } of balancers) {
      network.onClosed = () => {
        progress.notify();
      };
    }
    this.#balancers = new Map(devices.map((device, number) => [device, at(balancers, number)]));
    this.#load = new Load(this.crowd, apart(random), messages_per_second);
    this.#faults = faultsOf(bus).filter(({ name }) => only?.includes(name) ?? true);
  }

  get nodes(): readonly FleetNode[] {
    return this.#fleet.nodes;
  }

  get postgres(): Postgres {
    return this.#fleet.postgres;
  }

  get cluster(): NatsCluster | undefined {
    return this.#fleet.cluster;
  }

  /** What happens at the moment, or happened last. */
  get now(): string {
    return this.#now;
  }

  /** How many cycles it takes for each fault to happen once. */
  get faultsCount(): number {
    return this.#faults.length;
  }

  async cycle(cycle: number): Promise<void> {
    const fault = this.#nextFault();
    this.#now = fault.name;
    let isOver = false;
    this.#load.start();
    const published = publishAtLast(
      this.random.pick(this.nodes).relay,
      [crowdApp, crowdSecret],
      `Broadcast ${cycle}`,
      () => isOver,
    );
    try {
      await this.acknowledged(acknowledged_around);
      if (this.random.chance(0.5)) this.#cutDevice();
      await fault.run(this);
      await this.acknowledged(acknowledged_around);
    } finally {
      isOver = true;
      this.#load.stop();
    }
    this.crowd.broadcasts.push(await published);
    await this.until(() => this.crowd.isComplete, 'for everybody to have everything');
    await this.crowd.checkNumbers(this.#fleet.backend, this.#relay);
    this.#counts.set(fault.name, (this.#counts.get(fault.name) ?? 0) + 1);
  }

  /** Compares what is stored with what was sent and shown, all of it. */
  async checkStored(): Promise<void> {
    await this.crowd.checkStored(this.#fleet.backend, this.#relay);
  }

  report(cycles: number): FleetReport {
    return {
      bus: this.#bus,
      relays: this.nodes.length,
      cycles,
      ...this.crowd.figures,
      deviceCuts: this.#deviceCuts,
      longestOutage_ms: Math.round(this.#longestOutage_ms),
      outageAttempts: this.#outageAttempts,
      faults: Object.fromEntries(this.#counts),
    };
  }

  logs(): string {
    return this.#fleet.log;
  }

  async dispose(): Promise<void> {
    this.#load.stop();
    await this.crowd.dispose();
    await this.#fleet.dispose();
  }

  before(device: Device): Balancer {
    const balancer = this.#balancers.get(device);
    if (!balancer) throw new Error(`${device.name} has no load balancer`);
    return balancer;
  }

  devicesOn(node: FleetNode): Device[] {
    return this.crowd.devices.filter((device) => this.before(device).node === node);
  }

  async call({ relay }: FleetNode, method: string, params: object): Promise<void> {
    const claims = { app: crowdApp, sub: 'backend', scope: 'server', exp: secondsFromNow(3_600) };
    await callApi(relay.url, signToken(claims, crowdSecret), method, params);
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await this.crowd.until(condition, wait_ms_max, `${this.#now}: waiting ${what}`);
  }

  async acknowledged(count: number): Promise<void> {
    const aim = this.crowd.acknowledged + count;
    await this.until(() => this.crowd.acknowledged >= aim, `for ${count} acknowledgements`);
  }

  async unacknowledged(count: number): Promise<void> {
    await this.until(() => this.crowd.unsent >= count, `for ${count} messages to wait`);
  }

  async complete(): Promise<void> {
    this.#load.stop();
    await this.until(() => this.crowd.isComplete, 'for everybody to have everything meanwhile');
    this.#load.start();
  }

  noteOutage(length_ms: number, attempts: number): void {
    this.#outageAttempts = Math.max(this.#outageAttempts, attempts);
    this.#longestOutage_ms = Math.max(this.#longestOutage_ms, length_ms);
  }

  get #relay(): Relay {
    return at(this.nodes, 0).relay;
  }

  /** All in turn, in another order each time. */
  #nextFault(): Fault {
    if (this.#round.length === 0) this.#round = [...this.#faults];
    const index = this.random.below(this.#round.length);
    const [fault] = this.#round.splice(index, 1);
    if (!fault) throw new Error('there is no such fault');
    return fault;
  }

  /** One device's connection ends somewhere in the middle of what it carries next. */
  #cutDevice(): void {
    const { network } = this.before(this.random.pick(this.crowd.devices));
    const direction = this.random.pick(['up', 'down'] as const);
    void network.cutAfter(direction, this.random.below(cut_bytes_max)).then(() => {
      this.#deviceCuts += 1;
    });
  }
}

/** Choices that are made as often as time has it must not move those of faults. */
const apart = (random: Random): Random => new Random(random.below(2 ** 31));
