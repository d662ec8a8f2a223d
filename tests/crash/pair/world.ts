/**
 * Two users who write to each other while the relay is killed and started again in every cycle,
 * in turn: at any moment, with connections cut in the middle of frames, and apps killed or closed
 * and opened again; between a commit and its acknowledgement; and right after an app was killed
 * with entries that it had not taken.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FaultProxy, type Direction } from '../../support/fault-proxy.ts';
import { Ledger, type Seen } from '../../support/ledger.ts';
import type { Random } from '../../support/random.ts';
import { Relay } from '../../support/relay.ts';
import { Signal } from '../../support/signal.ts';
import { devToken } from '../../support/tokens.ts';
import { directConversation, Wire } from '../../support/wire.ts';
import { openBackend, type Backend, type BackendName } from '../../support/backend.ts';
import type { World } from '../../support/cycles.ts';
import { Participant } from './participant.ts';

export interface PairReport {
  database: BackendName;
  cycles: number;
  /** Messages, by both users. */
  sent: number;
  relayKills: number;
  /** Kills between the commit of a message and its acknowledgement. */
  acksLost: number;
  cuts: number;
  appKills: number;
  appRestarts: number;
  /** Entries shown again to an app that had been killed before it kept its cursor. */
  shownAgain: number;
}

const messages_per_side = 50;
// Each message is sent once and shown to both.
const events_per_cycle = 2 * messages_per_side * 3;
const cycle_timeout_ms = 120_000;

const names = ['alice', 'bob'] as const;
type Name = (typeof names)[number];
const peers: Record<Name, Name> = { alice: 'bob', bob: 'alice' };

/** What goes wrong in a cycle. */
interface Faults {
  /** In every cycle, once. */
  relayDied: Promise<void>;
  /** Apps on their way back. */
  restarts: Promise<void>[];
  /** What happens before and after a user writes one of her messages. */
  before?: (user: Participant, number: number) => void | Promise<void>;
  after?: (user: Participant, number: number) => Promise<void>;
}

const textOf = (user: Participant | undefined, cycle: number, number: number): string =>
  `${user?.name ?? ''} ${cycle}/${number}`;

const idOf = (user: Participant, cycle: number, number: number): string =>
  `${user.name}-${cycle}-${number}`;

export class PairWorld implements World<PairReport> {
  readonly #random: Random;
  readonly #backend: Backend;
  readonly #relay: Relay;
  readonly #proxies: readonly FaultProxy[];
  readonly #folder: string;
  readonly #users: readonly Participant[];
  readonly #progress = new Signal();
  readonly #ledger = new Ledger();
  readonly #counts = { relayKills: 0, acksLost: 0, cuts: 0, appKills: 0, appRestarts: 0 };
  /** What is to happen at which event of the cycle. */
  #plan: { at: number; act: () => void }[] = [];
  #events = 0;

  static async create(random: Random, database: BackendName): Promise<PairWorld> {
    const backend = await openBackend(database);
    const { url } = backend;
    const relay = await Relay.start(url === undefined ? {} : { database: url });
    const folder = await mkdtemp(join(tmpdir(), 'seqline-crash-'));
    const target = (): number | undefined => relay.port;
    const users = await Promise.all(
      names.map(async (name) => ({
        name,
        token: await devToken(relay.url, name),
        proxy: await FaultProxy.start(target),
      })),
    );
    const world = new PairWorld(random, backend, relay, folder, users);
    await world.#connected(0);
    return world;
  }

  private constructor(
    random: Random,
    backend: Backend,
    relay: Relay,
    folder: string,
    users: { name: Name; token: string; proxy: FaultProxy }[],
  ) {
    this.#random = random;
    this.#backend = backend;
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
    const faults = this.#faults(cycle);
    const isPaced = this.#random.chance(0.5);
    const written = Promise.all(
      this.#users.map((user) => this.#write(user, cycle, faults, isPaced)),
    );
    await faults.relayDied;
    // It comes back at once, or only after everybody has typed on.
    if (this.#random.chance(0.5)) await written;
    await this.#relay.start();

    await written;
    const isSettled = (user: Participant): boolean =>
      user.unsent.length === 0 && user.shown.length >= shown_min;
    await this.#until(cycle, () => this.#users.every(isSettled));
    this.#ledger.check(this.#shown());
    await this.#calm(cycle, faults);
  }

  /** What was not reached in a cycle must not meet the next one unprepared. */
  async #calm(cycle: number, { restarts }: Faults): Promise<void> {
    this.#plan = [];
    await Promise.all(restarts);
    for (const proxy of this.#proxies) proxy.heal();
    await this.#connected(cycle);
  }

  /** Everybody is connected to the relay that runs now. */
  async #connected(cycle: number): Promise<void> {
    for (const user of this.#users) user.ask();
    await this.#until(cycle, () => this.#users.every(({ isAnswered }) => isAnswered));
  }

  /** Asks the relay what it has stored, and compares it with what was sent and shown. */
  async checkStored(): Promise<void> {
    const token = await devToken(this.#relay.url, 'alice');
    const wire = await Wire.connect(this.#relay.url, token, 'auditor');
    const stored = await wire.history(directConversation(...names));
    wire.drop();
    this.#ledger.check({ stored, ...this.#shown() });
  }

  report(cycles: number): PairReport {
    const sum = (count: (user: Participant) => number): number =>
      this.#users.reduce((total, user) => total + count(user), 0);
    return {
      database: this.#backend.name,
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
    await this.#backend.dispose();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** In turn, so that even a few cycles see each of them. */
  #faults(cycle: number): Faults {
    switch (cycle % 3) {
      case 0:
        return this.#anyMoment();
      case 1:
        return this.#lostAck(cycle);
      default:
        return this.#untaken(cycle);
    }
  }

  /** The relay is killed at any moment, told in messages sent and shown; more may go wrong. */
  #anyMoment(): Faults {
    const random = this.#random;
    const restarts: Promise<void>[] = [];
    this.#events = 0;
    this.#plan = [];
    const plan = (act: () => void): void => {
      this.#plan.push({ at: random.below(events_per_cycle), act });
    };

    const relayDied = new Promise<void>((resolve) => {
      plan(() => {
        resolve(this.#kill());
      });
    });
    if (random.chance(0.3)) {
      const [proxy, bytes] = [random.pick(this.#proxies), random.below(4_000)];
      const direction = random.pick<Direction>(['up', 'down']);
      plan(() => {
        void proxy.cutAfter(direction, bytes).then(() => (this.#counts.cuts += 1));
      });
    }
    if (random.chance(0.3)) {
      const [user, isKill] = [random.pick(this.#users), random.chance(0.5)];
      plan(() => {
        restarts.push(this.#restart(user, isKill));
      });
    }
    return { relayDied, restarts };
  }

  /**
   * The relay is killed when it has stored a message, and before the sender has heard of it. The
   * sender cannot but send it again.
   */
  #lostAck(cycle: number): Faults {
    this.#plan = [];
    const from = this.#random.below(this.#users.length);
    const [sender, receiver] = [this.#users[from], this.#users[1 - from]];
    const [proxy, number] = [this.#proxies[from], 1 + this.#random.below(messages_per_side)];
    const isStored = (): boolean =>
      receiver?.shown
        .slice(-events_per_cycle)
        .some(({ text }) => text === textOf(sender, cycle, number)) ?? false;
    const relayDied = this.#until(cycle, isStored).then(async () => {
      this.#counts.acksLost += 1;
      await this.#kill();
      proxy?.cut();
      proxy?.heal();
    });
    return {
      relayDied,
      restarts: [],
      before: (user, n) => {
        if (user === sender && n === number) proxy?.blackHole('down');
      },
    };
  }

  /**
   * An app is killed while it has been given what it has not taken, and with its storage up to
   * date: the cursor must not have passed what comes again then. The relay dies right after it.
   */
  #untaken(cycle: number): Faults {
    this.#plan = [];
    const victim = this.#random.pick(this.#users);
    const number = 1 + this.#random.below(messages_per_side - 1);
    let killRelay: () => void;
    const relayDied = new Promise<void>((resolve) => {
      killRelay = () => {
        resolve(this.#kill());
      };
    });
    const restarts: Promise<void>[] = [];
    return {
      relayDied,
      restarts,
      before: async (user, n) => {
        if (user !== victim) return;
        // It is given its own message back, if not another one before.
        if (n === number) victim.hold();
        if (n === number + 1) await this.#until(cycle, () => victim.isHeld);
      },
      after: async (user, n) => {
        if (user !== victim || n !== number + 1) return;
        // With it goes to the storage all that was to be kept before; as a rule it is there by now.
        await this.#until(cycle, () => victim.isSent(idOf(victim, cycle, n)));
        restarts.push(this.#restart(victim, true));
        killRelay();
      },
    };
  }

  async #kill(): Promise<void> {
    this.#counts.relayKills += 1;
    await this.#relay.kill();
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
   * Writes one user's messages: all at once, or each once the one before it was sent, until the
   * relay dies.
   */
  async #write(
    user: Participant,
    cycle: number,
    { relayDied, before, after }: Faults,
    isPaced: boolean,
  ): Promise<void> {
    let isDown = false;
    // That it did not die is told by whoever waits for it.
    void relayDied
      .catch(() => undefined)
      .then(() => {
        isDown = true;
        this.#progress.notify();
      });
    for (let number = 1; number <= messages_per_side; number++) {
      await before?.(user, number);
      const [clientMsgId, text] = [idOf(user, cycle, number), textOf(user, cycle, number)];
      this.#ledger.add(user.name, text);
      user.send({ clientMsgId, text });
      await after?.(user, number);
      if (isPaced) await this.#until(cycle, () => isDown || user.isSent(clientMsgId));
    }
  }

  async #until(cycle: number, condition: () => boolean): Promise<void> {
    await this.#progress.until(condition, cycle_timeout_ms, () => this.#describe(cycle));
  }

  #shown(): Record<string, readonly Seen[]> {
    return Object.fromEntries(this.#users.map(({ name, shown }) => [`shown to ${name}`, shown]));
  }

  #describe(cycle: number): string {
    const unsent = this.#users.map((user) => `${user.name} has ${user.unsent.length} unsent`);
    const problems = Object.entries(this.#shown()).flatMap(([view, seen]) =>
      this.#ledger.problems(view, seen),
    );
    return [`in cycle ${cycle} ${unsent.join(', ')}`, ...problems].join('\n  ');
  }
}
