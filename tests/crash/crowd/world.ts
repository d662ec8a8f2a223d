/** A crowd on a relay, or on several of one database; and what breaks. */
import { openBackend, type Backend, type BackendName } from '../../support/backend.ts';
import {
  Crowd,
  crowdApp,
  crowdSecret,
  crowdSettings,
  type CrowdFigures,
} from '../../support/crowd/crowd.ts';
import type { Device } from '../../support/crowd/device.ts';
import { publishAtLast } from '../../support/crowd/publishing.ts';
import type { World } from '../../support/cycles.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { at } from '../../support/list.ts';
import type { Random } from '../../support/random.ts';
import { Relay } from '../../support/relay.ts';
import { faultOf, noFaults, type FaultCounts, type Node } from './faults.ts';

export interface CrowdReport extends CrowdFigures, FaultCounts {
  database: BackendName;
  relays: number;
  cycles: number;
}

export interface CrowdWorldOptions {
  database: BackendName;
  /** On one database; more than one with PostgreSQL only. */
  relays: number;
  random: Random;
}

const messages_per_device = 6;
/** How often a device marks what it shows as read, and takes a message back, for one that it writes. */
const mark_chance = 0.1;
const recall_chance = 0.05;
/** A connection that died without a word is found out soon, and the cycle goes on. */
const heartbeat = ['--heartbeat-interval-ms', '5000'];
/** With several relays, what the bus lost is found soon. */
const sweep = ['--sweep-interval-ms', '500'];
const cycle_timeout_ms = 120_000;
/** Bytes within which devices' connections are cut. */
const cut_bytes_max = 20_000;

export class CrowdWorld implements World<CrowdReport> {
  readonly #random: Random;
  readonly #backend: Backend;
  readonly #nodes: readonly Node[];
  readonly #crowd: Crowd;
  readonly #faults = noFaults();
  /** What is to happen at which event of the cycle. */
  #planned: { at: number; act: () => void } | undefined;
  #events = 0;

  static async create({ database, relays, random }: CrowdWorldOptions): Promise<CrowdWorld> {
    const backend = await openBackend(database);
    const options = {
      apps: { [crowdApp]: crowdSecret },
      args: [...crowdSettings, ...heartbeat, ...sweep],
      ...(backend.url === undefined ? {} : { database: backend.url }),
    };
    const nodes: Node[] = [];
    for (let n = 0; n < relays; n++) {
      const relay = await Relay.start(options);
      nodes.push({ relay, network: await FaultProxy.start(() => relay.port) });
    }
    const world = new CrowdWorld(random, backend, nodes);
    try {
      await world.#crowd.begin();
    } catch (error) {
      await world.dispose();
      throw error;
    }
    return world;
  }

  private constructor(random: Random, backend: Backend, nodes: readonly Node[]) {
    this.#random = random;
    this.#backend = backend;
    this.#nodes = nodes;
    this.#crowd = new Crowd({
      random,
      // With several relays, neither a user's devices nor all first ones are on the same.
      place: (number) => {
        const node = at(nodes, (Math.floor(number / 2) + (number % 2)) % nodes.length);
        return { url: node.network.url, transport: undefined };
      },
      onEvent: () => {
        const planned = this.#planned;
        if (planned && this.#events++ >= planned.at) {
          this.#planned = undefined;
          planned.act();
        }
      },
    });
  }

  async cycle(cycle: number): Promise<void> {
    const [random, crowd] = [this.#random, this.#crowd];
    const total = crowd.devices.length * messages_per_device;
    // As many as there are whatever becomes of the rest: acknowledgements, and what the sender
    // is shown of her own.
    const happened = this.#plan(random.below(total + total / 2));
    let isOver = false;
    const timer = setTimeout(() => (isOver = true), cycle_timeout_ms);
    const published = publishAtLast(
      random.pick(this.#nodes).relay,
      [crowdApp, crowdSecret],
      `Broadcast ${cycle}`,
      () => isOver,
    );
    const written = Promise.all(crowd.devices.map((device) => this.#write(device)));
    await happened;
    const fault = faultOf(cycle, this.#backend, this.#nodes, random);
    if (random.chance(0.5)) this.#cutDevices();
    await fault(this.#faults);
    await this.#until(cycle, () => crowd.unsent === 0);
    await written;
    crowd.broadcasts.push(await published);
    clearTimeout(timer);

    for (const { network } of this.#nodes) network.heal();
    await this.#until(cycle, () => crowd.isComplete);
    await crowd.checkNumbers(this.#backend, this.#relay);
  }

  /** Compares what is stored with what was sent and shown, all of it. */
  async checkStored(): Promise<void> {
    await this.#crowd.checkStored(this.#backend, this.#relay);
  }

  report(cycles: number): CrowdReport {
    return {
      database: this.#backend.name,
      relays: this.#nodes.length,
      cycles,
      ...this.#crowd.figures,
      ...this.#faults,
    };
  }

  logs(): string {
    return this.#nodes.map(({ relay }, n) => `--- relay ${n + 1}:\n${relay.log}`).join('\n');
  }

  async dispose(): Promise<void> {
    await this.#crowd.dispose();
    for (const { relay, network } of this.#nodes) {
      await network.stop();
      await relay.dispose();
    }
    await this.#backend.dispose();
  }

  get #relay(): Relay {
    return at(this.#nodes, 0).relay;
  }

  /** Resolves at this event of the cycle. */
  #plan(at: number): Promise<void> {
    this.#events = 0;
    return new Promise((resolve) => {
      this.#planned = { at, act: resolve };
    });
  }

  /** All at once, or each when the one before was acknowledged. */
  async #write(device: Device): Promise<void> {
    const [random, crowd] = [this.#random, this.#crowd];
    const isPaced = random.chance(0.5);
    for (let n = 1; n <= messages_per_device; n++) {
      const sent = crowd.write(device);
      if (random.chance(mark_chance)) void crowd.markRead(device);
      if (random.chance(recall_chance)) void crowd.recall(device);
      if (isPaced) await sent;
    }
  }

  /** One network is cut somewhere in the middle of what it carries next. */
  #cutDevices(): void {
    const { network } = this.#random.pick(this.#nodes);
    const direction = this.#random.pick(['up', 'down'] as const);
    void network.cutAfter(direction, this.#random.below(cut_bytes_max)).then(() => {
      this.#faults.deviceCuts += 1;
    });
  }

  async #until(cycle: number, condition: () => boolean): Promise<void> {
    await this.#crowd.until(condition, cycle_timeout_ms, `in cycle ${cycle}`);
  }
}
