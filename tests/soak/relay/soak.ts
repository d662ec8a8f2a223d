/**
 * Hours of chat with one relay, which runs all the time: users write to each other, to a group and
 * to a group so large that it has a timeline of its own, and read what is told to all, while networks fail and
 * apps are closed and opened; one device sleeps for longer than entries are kept. Then all heal,
 * and everybody must have everything; then all leave, and the relay must hold no more than before.
 */
import { setTimeout as pause } from 'node:timers/promises';

import { directConversation, groupConversation } from 'seqline/node';

import { Operator } from '../../broadcasts/operator.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { at } from '../../support/list.ts';
import type { Random } from '../../support/random.ts';
import { Relay } from '../../support/relay.ts';
import { Signal } from '../../support/signal.ts';
import { devToken } from '../../support/tokens.ts';
import { Wire } from '../../support/wire.ts';
import { Faults } from './faults.ts';
import { Member } from './member.ts';
import { database_files_max, held, type Sample } from './resources.ts';
import { Witness } from './witness.ts';

export interface SoakOptions {
  duration_ms: number;
  members: number;
  messages_per_second: number;
  random: Random;
  /** Called about once a second. */
  onSample?: (soFar: SoakReport) => void;
}

export interface SoakReport {
  samples: Sample[];
  /** Messages that were written. */
  written: number;
  /** How often one was shown to someone. */
  shown: number;
  faults: Record<string, number>;
  /** How often a device learned that entries had aged away meanwhile. */
  resets: number;
  /** The relay before anyone came. */
  before: Omit<Sample, 'at_ms'>;
  /** The relay when all have left. */
  after?: Omit<Sample, 'at_ms'>;
}

/** As short as it can be configured. */
const entries_kept_s = 60;
const asleep_ms = 3 * entries_kept_s * 1_000;
/** Full within the first minutes: what grows afterwards is no cache. */
const sqlite_cache_mib = 8;
const crowd_members_min = 8;
const group_members = 5;
const networks_count = 4;
const tick_ms = 50;
const fault_every_ms = 700;
const sample_every_ms = 1_000;
const settle_timeout_ms = 120_000;
const poll_ms = 100;

const group = groupConversation('crew');
const crowd = groupConversation('everyone');

/**
 * @throws an error that says who was shown what wrongly, or not at all, or what failed
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const relay = await Relay.start({
    args: [
      ...['--sync-ttl', `${entries_kept_s}s`],
      ...['--crowd-members-min', String(crowd_members_min)],
      ...['--sqlite-cache-mib', String(sqlite_cache_mib)],
    ],
    log: 'warn',
  });
  const open: { stop(): Promise<void> }[] = [{ stop: () => relay.dispose() }];
  try {
    const world = await Soak.create(relay, options, open);
    return await world.run();
  } catch (error) {
    throw new Error(`${(error as Error).message}\n--- relay:\n${relay.log}`, { cause: error });
  } finally {
    for (const one of open.reverse()) await one.stop();
  }
}

class Soak {
  readonly #relay: Relay;
  readonly #options: SoakOptions;
  readonly #members: Member[];
  /** Her app is closed most of the time. */
  readonly #sleeper: Member;
  readonly #faults: Faults;
  readonly #witness: Witness;
  readonly #progress: Signal;
  readonly #report: SoakReport;
  readonly #start_ms = performance.now();

  static async create(
    relay: Relay,
    options: SoakOptions,
    open: { stop(): Promise<void> }[],
  ): Promise<Soak> {
    const [witness, progress] = [new Witness(), new Signal()];
    const before = await held(pidOf(relay));
    const networks = await Promise.all(
      Array.from({ length: networks_count }, () => FaultProxy.start(() => relay.port)),
    );
    open.push(...networks);
    const members = await Promise.all(
      Array.from({ length: options.members }, async (_, index) => {
        const name = `user-${index}`;
        const network = at(networks, index % networks_count);
        return new Member(name, network, await devToken(relay.url, name), witness, progress);
      }),
    );
    open.push({
      stop: async () => {
        await Promise.all(members.map((member) => member.close()));
      },
    });
    for (const member of members) member.open();
    await Promise.all(members.map((member) => member.client.connect()));
    await talk(members);
    const operator = await Operator.inDevelopment(relay);
    // The sleeper is not woken by a fault.
    const faults = new Faults({
      random: options.random,
      networks,
      members: members.slice(0, -1),
      operator,
    });
    return new Soak(relay, options, members, faults, witness, progress, before);
  }

  private constructor(
    relay: Relay,
    options: SoakOptions,
    members: Member[],
    faults: Faults,
    witness: Witness,
    progress: Signal,
    before: SoakReport['before'],
  ) {
    this.#relay = relay;
    this.#options = options;
    this.#members = members;
    this.#sleeper = at(members, -1);
    this.#faults = faults;
    this.#witness = witness;
    this.#progress = progress;
    this.#report = { samples: [], written: 0, shown: 0, faults: {}, resets: 0, before };
  }

  async run(): Promise<SoakReport> {
    await this.#chat();
    await this.#faults.heal();
    if (!this.#sleeper.isOpen) this.#sleeper.open();
    await this.#settle();
    await this.#checkStored();
    await Promise.all(this.#members.map((member) => member.close()));
    await this.#quiet();
    return this.#note();
  }

  /** Everybody writes while things fail. */
  async #chat(): Promise<void> {
    const { duration_ms, messages_per_second } = this.#options;
    let [owed, next_fault_ms, next_sample_ms, next_nap_ms] = [0, fault_every_ms, 0, asleep_ms / 3];
    for (let at_ms = 0; at_ms < duration_ms; at_ms = this.#elapsed_ms) {
      for (owed += (messages_per_second * tick_ms) / 1_000; owed >= 1; owed--) this.#write();
      if (at_ms >= next_fault_ms) {
        next_fault_ms = at_ms + fault_every_ms;
        this.#faults.next();
      }
      if (at_ms >= next_nap_ms) {
        next_nap_ms = at_ms + asleep_ms;
        // Awake for a while, then asleep again.
        if (this.#sleeper.isOpen) await this.#sleeper.close();
        else this.#sleeper.open();
      }
      if (at_ms >= next_sample_ms) {
        next_sample_ms = at_ms + sample_every_ms;
        await this.#sample();
      }
      this.#complain();
      await pause(tick_ms);
    }
  }

  #write(): void {
    const { random } = this.#options;
    const writer = random.pick(this.#members);
    if (!writer.isOpen) return;
    writer.send(random.pick([...writer.convs]));
    this.#report.written += 1;
  }

  /** Everybody's app is told all of it. */
  async #settle(): Promise<void> {
    const missing = (): string[] =>
      this.#members.flatMap(({ name, convs }) => this.#witness.missing(name, convs));
    await this.#progress.until(
      () => this.#members.every(({ unsent }) => unsent.size === 0) && missing().length === 0,
      settle_timeout_ms,
      () =>
        [
          ...this.#members.map(({ name, unsent }) => `${name}: ${unsent.size} unsent`),
          ...missing(),
        ].join('\n  '),
    );
    this.#complain();
  }

  /** The relay has stored what was written, and nothing else. */
  async #checkStored(): Promise<void> {
    for (const conv of new Set(this.#members.flatMap(({ convs }) => [...convs]))) {
      const member = at(
        this.#members.filter(({ convs }) => convs.has(conv)),
        0,
      );
      const token = await devToken(this.#relay.url, member.name);
      const wire = await Wire.connect(this.#relay.url, token, 'auditor');
      const stored = (await wire.history(conv)).length;
      wire.drop();
      const written = this.#witness.writtenTo(conv);
      if (stored !== written) throw new Error(`${conv}: ${written} written, ${stored} stored`);
    }
  }

  /** Nobody is connected any more, and the relay has let go of what it held for them. */
  async #quiet(): Promise<void> {
    const { before } = this.#report;
    const end_ms = this.#elapsed_ms + settle_timeout_ms;
    for (;;) {
      const after = await held(pidOf(this.#relay));
      this.#report.after = after;
      if (after.descriptors <= before.descriptors + database_files_max) return;
      if (this.#elapsed_ms > end_ms) {
        const text = `${before.descriptors} open files before, ${after.descriptors} after all left`;
        throw new Error(text);
      }
      await pause(poll_ms);
    }
  }

  async #sample(): Promise<void> {
    const sample = { at_ms: this.#elapsed_ms, ...(await held(pidOf(this.#relay))) };
    this.#report.samples.push(sample);
    this.#options.onSample?.(this.#note());
  }

  #note(): SoakReport {
    this.#report.shown = this.#witness.count;
    this.#report.faults = this.#faults.counts;
    this.#report.resets = this.#members.reduce((sum, { resets }) => sum + resets, 0);
    return this.#report;
  }

  #complain(): void {
    const [first] = this.#witness.problems;
    if (first !== undefined) {
      throw new Error(`${this.#witness.problems.length} times, first: ${first}`);
    }
  }

  get #elapsed_ms(): number {
    return performance.now() - this.#start_ms;
  }
}

/** Each two neighbours, five in a group, and all in a large one. */
async function talk(members: readonly Member[]): Promise<void> {
  const names = members.map(({ name }) => name);
  const [first] = members;
  if (!first) throw new Error('nobody takes part');
  const groups: [string, readonly Member[]][] = [
    [group, members.slice(0, group_members)],
    [crowd, members],
  ];
  for (const [conv, some] of groups) {
    const users = some.map(({ name }) => name).filter((name) => name !== first.name);
    await first.client.groups.create({ conv, title: conv, users });
    for (const member of some) member.convs.add(conv);
  }
  for (const [index, member] of members.entries()) {
    const next = members[(index + 1) % members.length];
    if (!next || next === member) continue;
    const conv = directConversation(at(names, index), next.name);
    member.convs.add(conv);
    next.convs.add(conv);
  }
}

function pidOf(relay: Relay): number {
  if (relay.pid === undefined) throw new Error('the relay is down');
  return relay.pid;
}
