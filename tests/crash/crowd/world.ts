/**
 * Eight users with two devices each, who write to each other, to a small group and to one that
 * is large enough to have a timeline of its own, while operators publish; and what breaks.
 */
import { createHash } from 'node:crypto';

import { FaultProxy } from '../../support/fault-proxy.ts';
import { Ledger, type Views } from '../../support/ledger.ts';
import type { Random } from '../../support/random.ts';
import { Relay } from '../../support/relay.ts';
import { Signal } from '../../support/signal.ts';
import { secondsFromNow, signToken } from '../../support/tokens.ts';
import { directConversation } from '../../support/wire.ts';
import { openBackend, type Backend, type BackendName } from '../backend.ts';
import type { World } from '../cycles.ts';
import { auditNumbers, auditPointers, readStored } from './audit.ts';
import { Device } from './device.ts';
import { faultOf, noFaults, type FaultCounts, type Node } from './faults.ts';
import { publishAtLast } from './operator.ts';

export interface CrowdReport extends FaultCounts {
  database: BackendName;
  relays: number;
  devices: number;
  cycles: number;
  /** Messages, by all devices. */
  sent: number;
  /** Messages that devices showed, all together. */
  shown: number;
  broadcasts: number;
}

export interface CrowdOptions {
  database: BackendName;
  /** On one database; more than one with PostgreSQL only. */
  relays: number;
  random: Random;
}

const app = 'crash';
const secret = createHash('sha256').update(app).digest('hex');
const users = ['ann', 'ben', 'cleo', 'dan', 'eve', 'finn', 'gil', 'hana'];
const devices_per_user = 2;
const messages_per_device = 6;
/** A connection that died without a word is found out soon, and the cycle goes on. */
const heartbeat = ['--heartbeat-interval-ms', '5000'];
const cycle_timeout_ms = 120_000;
/** Bytes within which devices' connections are cut. */
const cut_bytes_max = 20_000;

const small = { conv: 'group:small', members: users.slice(0, 4) };
const large = { conv: 'group:large', members: users };
const groups = [small, large];

export class CrowdWorld implements World<CrowdReport> {
  readonly #random: Random;
  readonly #backend: Backend;
  readonly #nodes: readonly Node[];
  readonly #devices: readonly Device[];
  readonly #progress: Signal;
  /** What was sent, by conversation. */
  readonly #ledgers = new Map<string, Ledger>();
  readonly #broadcasts: number[] = [];
  readonly #faults = noFaults();
  #sent = 0;
  /** What is to happen at which event of the cycle. */
  #planned: { at: number; act: () => void } | undefined;
  #events = 0;

  static async create({ database, relays, random }: CrowdOptions): Promise<CrowdWorld> {
    const backend = await openBackend(database);
    const options = {
      apps: { [app]: secret },
      args: [
        '--crowd-members-min',
        String(large.members.length),
        '--broadcast-poll-ms',
        '50',
        ...heartbeat,
      ],
      ...(backend.url === undefined ? {} : { database: backend.url }),
    };
    const nodes: Node[] = [];
    for (let n = 0; n < relays; n++) {
      const relay = await Relay.start(options);
      nodes.push({ relay, network: await FaultProxy.start(() => relay.port) });
    }
    const world = new CrowdWorld(random, backend, nodes);
    try {
      await world.#begin();
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
    const progress = new Signal();
    this.#progress = progress;
    const onEvent = (): void => {
      const planned = this.#planned;
      if (planned && this.#events++ >= planned.at) {
        this.#planned = undefined;
        planned.act();
      }
    };
    this.#devices = users.flatMap((user, u) =>
      Array.from({ length: devices_per_user }, (_, d) => {
        // With several relays, a user's devices are not on the same one.
        const url = nodes[(u + d) % nodes.length]?.network.url ?? '';
        const claims = { app, sub: user, scope: 'user', exp: secondsFromNow(86_400) };
        const token = signToken(claims, secret);
        return new Device({ user, device: `device ${d + 1}`, url, token, progress, onEvent });
      }),
    );
  }

  async cycle(cycle: number): Promise<void> {
    const random = this.#random;
    const total = this.#devices.length * messages_per_device;
    // As many as there are whatever becomes of the rest: acknowledgements, and what the sender
    // is shown of her own.
    const happened = this.#plan(random.below(total + total / 2));
    let isOver = false;
    const timer = setTimeout(() => (isOver = true), cycle_timeout_ms);
    const published = publishAtLast(
      random.pick(this.#nodes).relay,
      [app, secret],
      `Broadcast ${cycle}`,
      () => isOver,
    );
    const written = Promise.all(this.#devices.map((device) => this.#write(device, cycle)));
    await happened;
    const fault = faultOf(cycle, this.#backend, this.#nodes, random);
    if (random.chance(0.5)) this.#cutDevices();
    await fault(this.#faults);
    await this.#until(cycle, () => this.#devices.every(({ unsent }) => unsent === 0));
    await written;
    this.#broadcasts.push(await published);
    clearTimeout(timer);

    for (const { network } of this.#nodes) network.heal();
    // Whoever is on another relay than the sender learns of it when she connects. Not by cutting
    // the network: those who went over to HTTP meanwhile keep their session through that.
    if (this.#nodes.length > 1) {
      for (const { client } of this.#devices) {
        client.disconnect();
        void client.connect();
      }
    }
    await this.#until(cycle, () => this.#devices.every((device) => this.#hasAll(device)));
    this.#check(auditAll(await auditNumbers(this.#backend, this.#relay)));
  }

  /** Compares what is stored with what was sent and shown, all of it. */
  async checkStored(): Promise<void> {
    const owners = (conv: string): readonly string[] =>
      conv === large.conv ? [conv] : membersOf(conv);
    this.#check(auditAll(await auditPointers(this.#backend, this.#relay, owners)));
    const stored = await readStored(this.#backend, this.#relay);
    for (const [conv, ledger] of this.#ledgers) {
      const views: Views = { stored: stored.get(conv) ?? [] };
      for (const device of this.#devices) {
        if (!membersOf(conv).includes(device.user)) continue;
        views[`shown on ${device.name}`] = device.shown.get(conv) ?? [];
      }
      ledger.check(views);
    }
    const strays = [...stored.keys()].filter((conv) => !this.#ledgers.has(conv));
    this.#check(strays.map((conv) => `${conv} is stored, and nobody wrote to it`));
    for (const { name, broadcasts } of this.#devices) {
      const often = [...broadcasts].filter(([, times]) => times > 1);
      this.#check(often.map(([id, times]) => `${name} showed broadcast ${id} ${times} times`));
    }
  }

  report(cycles: number): CrowdReport {
    return {
      database: this.#backend.name,
      relays: this.#nodes.length,
      devices: this.#devices.length,
      cycles,
      sent: this.#sent,
      shown: this.#devices.reduce((sum, { shownCount }) => sum + shownCount, 0),
      broadcasts: this.#broadcasts.length,
      ...this.#faults,
    };
  }

  logs(): string {
    return this.#nodes.map(({ relay }, n) => `--- relay ${n + 1}:\n${relay.log}`).join('\n');
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#devices.map(({ client }) => client.dispose()));
    for (const { relay, network } of this.#nodes) {
      await network.stop();
      await relay.dispose();
    }
    await this.#backend.dispose();
  }

  get #relay(): Relay {
    const [first] = this.#nodes;
    if (!first) throw new Error('there is no relay');
    return first.relay;
  }

  async #begin(): Promise<void> {
    await Promise.all(this.#devices.map(({ client }) => client.connect()));
    const [founder] = this.#devices;
    for (const { conv, members } of groups) {
      await founder?.client.groups.create({ conv, title: conv, users: members.slice(1) });
    }
  }

  /** Resolves at this event of the cycle. */
  #plan(at: number): Promise<void> {
    this.#events = 0;
    return new Promise((resolve) => {
      this.#planned = { at, act: resolve };
    });
  }

  /** All at once, or each when the one before was acknowledged. */
  async #write(device: Device, cycle: number): Promise<void> {
    const isPaced = this.#random.chance(0.5);
    for (let n = 1; n <= messages_per_device; n++) {
      const { to, conv } = this.#recipient(device.user);
      const text = `${device.name} ${cycle}/${n}`;
      const ledger = this.#ledgers.get(conv) ?? new Ledger();
      this.#ledgers.set(conv, ledger);
      ledger.add(device.user, text, device.name);
      this.#sent += 1;
      const sent = device.send(to, text);
      if (isPaced) await sent;
    }
  }

  #recipient(user: string): { to: { user: string } | { conv: string }; conv: string } {
    const group = groups.find(({ members }) => members.includes(user) && this.#random.chance(0.3));
    if (group) return { to: { conv: group.conv }, conv: group.conv };
    const peer = this.#random.pick(users.filter((other) => other !== user));
    return { to: { user: peer }, conv: directConversation(user, peer) };
  }

  /** One network is cut somewhere in the middle of what it carries next. */
  #cutDevices(): void {
    const { network } = this.#random.pick(this.#nodes);
    const direction = this.#random.pick(['up', 'down'] as const);
    void network.cutAfter(direction, this.#random.below(cut_bytes_max)).then(() => {
      this.#faults.deviceCuts += 1;
    });
  }

  #hasAll(device: Device): boolean {
    return this.#lacks(device) === '';
  }

  /** What a device was not told of, in words. */
  #lacks({ user, shownCount, broadcasts }: Device): string {
    let expected = 0;
    for (const [conv, ledger] of this.#ledgers) {
      if (membersOf(conv).includes(user)) expected += ledger.count;
    }
    const missing = this.#broadcasts.filter((id) => !broadcasts.has(id));
    return [
      ...(shownCount < expected ? [`${expected - shownCount} of ${expected} messages`] : []),
      ...(missing.length > 0 ? [`broadcasts ${missing.join(', ')}`] : []),
    ].join(', ');
  }

  #check(problems: readonly string[]): void {
    if (problems.length > 0) throw new Error(problems.join('\n  '));
  }

  async #until(cycle: number, condition: () => boolean): Promise<void> {
    await this.#progress.until(condition, cycle_timeout_ms, () => {
      const states = this.#devices
        .filter((device) => device.unsent > 0 || !this.#hasAll(device))
        .map(
          (device) => `${device.name} has ${device.unsent} unsent, lacks ${this.#lacks(device)}`,
        );
      return [`in cycle ${cycle}`, ...states].join('\n  ');
    });
  }
}

function membersOf(conv: string): readonly string[] {
  const group = groups.find((one) => one.conv === conv);
  return group ? group.members : conv.split(':').slice(1);
}

const auditAll = (problems: string[]): string[] =>
  problems.length === 0 ? [] : ['The database is not as promised:', ...problems];
