/**
 * Two users write to each other while the relay is killed and started again at a random moment
 * of every cycle. In some cycles connections are cut in the middle of a frame as well, or an app
 * is killed or closed and started again on what it kept.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FaultProxy, type Direction } from '../support/fault-proxy.ts';
import { Ledger, type Seen } from '../support/ledger.ts';
import type { Random } from '../support/random.ts';
import { Relay } from '../support/relay.ts';
import { Signal } from '../support/signal.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';
import { Participant } from './participant.ts';

export interface CrashReport {
  cycles: number;
  /** Messages, by both users. */
  sent: number;
  relayKills: number;
  cuts: number;
  appKills: number;
  appRestarts: number;
  /** Entries shown again to an app that had been killed before it kept its cursor. */
  shownAgain: number;
}

export interface CrashOptions {
  cycles: number;
  random: Random;
  /** Called after each cycle. */
  onCycle?: (report: CrashReport) => void;
}

const messages_per_side = 50;
// Each message is sent once and shown to both.
const events_per_cycle = 2 * messages_per_side * 3;
const cycle_timeout_ms = 120_000;

/**
 * @returns what happened, if everything that was sent is stored and shown to both users, once
 * and in order
 * @throws an error that says what is not, with the logs of all processes
 */
export async function runCycles({ cycles, random, onCycle }: CrashOptions): Promise<CrashReport> {
  const world = await World.create(random);
  try {
    for (let cycle = 1; cycle <= cycles; cycle++) {
      await world.cycle(cycle);
      onCycle?.(world.report(cycle));
    }
    await world.checkStored();
    return world.report(cycles);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${world.logs()}`, { cause: error });
  } finally {
    await world.dispose();
  }
}

const names = ['alice', 'bob'] as const;
type Name = (typeof names)[number];
const peers: Record<Name, Name> = { alice: 'bob', bob: 'alice' };

class World {
  readonly #random: Random;
  readonly #relay: Relay;
  readonly #proxies: readonly FaultProxy[];
  readonly #folder: string;
  readonly #users: readonly Participant[];
  readonly #progress = new Signal();
  readonly #ledger = new Ledger();
  readonly #counts = { relayKills: 0, cuts: 0, appKills: 0, appRestarts: 0 };
  /** What is to happen at which event of the cycle. */
  #plan: { at: number; act: () => void }[] = [];
  #events = 0;

  static async create(random: Random): Promise<World> {
    const relay = await Relay.start();
    const folder = await mkdtemp(join(tmpdir(), 'seqline-crash-'));
    const target = (): number | undefined => relay.port;
    const users = await Promise.all(
      names.map(async (name) => ({
        name,
        token: await devToken(relay.url, name),
        proxy: await FaultProxy.start(target),
      })),
    );
    return new World(random, relay, folder, users);
  }

  private constructor(
    random: Random,
    relay: Relay,
    folder: string,
    users: { name: Name; token: string; proxy: FaultProxy }[],
  ) {
    this.#random = random;
    this.#relay = relay;
    this.#folder = folder;
    this.#proxies = users.map(({ proxy }) => proxy);
    const onProgress = (): void => {
      const at = this.#events++;
      for (const { act } of this.#plan.filter((planned) => planned.at === at)) act();
    };
    this.#users = users.map(({ name, token, proxy: { url } }) => {
      const start = { url, token, folder: join(folder, name), peer: peers[name] };
      return new Participant(name, start, this.#progress, onProgress);
    });
    for (const user of this.#users) user.start();
  }

  async cycle(cycle: number): Promise<void> {
    const shown_min = cycle * 2 * messages_per_side;
    const { relayDied, appsBack } = this.#planFaults();
    const isPaced = this.#random.chance(0.5);
    const written = Promise.all(
      this.#users.map((user) => this.#write(user, cycle, isPaced ? relayDied : undefined)),
    );
    await relayDied;
    // It comes back at once, or only after everybody has typed on.
    if (this.#random.chance(0.5)) await written;
    await this.#relay.start();

    await Promise.all([written, appsBack()]);
    const isSettled = (user: Participant): boolean =>
      user.unsent.length === 0 && user.shown.length >= shown_min;
    await this.#progress.until(
      () => this.#users.every(isSettled),
      cycle_timeout_ms,
      () => this.#describe(cycle),
    );
    this.#ledger.check(this.#shown());
  }

  /** Asks the relay what it has stored, and compares it with what was sent and shown. */
  async checkStored(): Promise<void> {
    const token = await devToken(this.#relay.url, 'alice');
    const wire = await Wire.connect(this.#relay.url, token, 'auditor');
    const stored = await wire.history(directConversation(...names));
    wire.drop();
    this.#ledger.check({ stored, ...this.#shown() });
  }

  report(cycles: number): CrashReport {
    const sum = (count: (user: Participant) => number): number =>
      this.#users.reduce((total, user) => total + count(user), 0);
    return {
      cycles,
      sent: this.#ledger.count,
      ...this.#counts,
      shownAgain: sum((user) => user.shownAgain),
    };
  }

  logs(): string {
    const apps = this.#users.map(({ name, log }) => `--- ${name}'s app:\n${log}`);
    return [`--- relay:\n${this.#relay.log}`, ...apps].join('\n');
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.kill()));
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.#relay.dispose();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Chooses what goes wrong in a cycle, and when: after how many messages sent and shown. */
  #planFaults(): { relayDied: Promise<void>; appsBack: () => Promise<unknown> } {
    const random = this.#random;
    const someEvent = (): number => random.below(events_per_cycle);
    this.#events = 0;
    this.#plan = [];

    const relayDied = new Promise<void>((resolve) => {
      const act = (): void => {
        this.#counts.relayKills += 1;
        resolve(this.#relay.kill());
      };
      this.#plan.push({ at: someEvent(), act });
    });
    if (random.chance(0.3)) {
      const [proxy, direction, bytes] = [
        random.pick(this.#proxies),
        random.pick<Direction>(['up', 'down']),
        random.below(4_000),
      ];
      const act = (): void => {
        void proxy.cutAfter(direction, bytes).then(() => (this.#counts.cuts += 1));
      };
      this.#plan.push({ at: someEvent(), act });
    }
    const back: Promise<void>[] = [];
    if (random.chance(0.3)) {
      const [user, isKill] = [random.pick(this.#users), random.chance(0.5)];
      const act = (): void => {
        back.push(this.#restart(user, isKill));
      };
      this.#plan.push({ at: someEvent(), act });
    }
    return { relayDied, appsBack: () => Promise.all(back) };
  }

  async #restart(user: Participant, isKill: boolean): Promise<void> {
    if (isKill) {
      this.#counts.appKills += 1;
      await user.kill();
    } else {
      this.#counts.appRestarts += 1;
      await user.dispose();
    }
    user.start();
  }

  /**
   * Writes one user's messages: all at once, or, with `relayDied`, each once the one before it
   * was sent, until that happens.
   */
  async #write(user: Participant, cycle: number, relayDied?: Promise<void>): Promise<void> {
    let isDown = false;
    void relayDied?.then(() => {
      isDown = true;
      this.#progress.notify();
    });
    for (let i = 1; i <= messages_per_side; i++) {
      const text = `${user.name} ${cycle}/${i}`;
      const clientMsgId = `${user.name}-${cycle}-${i}`;
      this.#ledger.add(user.name, text);
      user.send({ clientMsgId, text });
      if (!relayDied) continue;
      await this.#progress.until(
        () => isDown || user.isSent(clientMsgId),
        cycle_timeout_ms,
        () => this.#describe(cycle),
      );
    }
  }

  #shown(): Record<string, readonly Seen[]> {
    return Object.fromEntries(this.#users.map(({ name, shown }) => [`shown to ${name}`, shown]));
  }

  #describe(cycle: number): string {
    const users = this.#users.map(
      ({ name, unsent, shown }) => `${name} has ${unsent.length} unsent and ${shown.length} shown`,
    );
    return `cycle ${cycle}: ${users.join(', ')} of ${this.#ledger.count}`;
  }
}
