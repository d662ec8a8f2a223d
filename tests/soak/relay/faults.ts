/** What goes wrong while the soak runs. */
import { setTimeout as pause } from 'node:timers/promises';

import type { Operator, OperatorsBroadcast } from '../../broadcasts/operator.ts';
import type { Direction, FaultProxy } from '../../support/fault-proxy.ts';
import type { Random } from '../../support/random.ts';
import type { Member } from './member.ts';

/** How long a network fails, and an app is closed, at most. */
const outage_ms_max = 3_000;
const slow_bytes_per_second = 8_000;
const cut_after_bytes_max = 4_000;
/** Broadcasts that are visible at a time. */
const broadcasts_max = 5;

export interface World {
  random: Random;
  networks: readonly FaultProxy[];
  members: readonly Member[];
  operator: Operator;
}

export class Faults {
  readonly #world: World;
  readonly #counts = new Map<string, number>();
  /** What has not ended by itself yet. */
  readonly #underWay = new Set<Promise<void>>();
  readonly #visible: OperatorsBroadcast[] = [];
  #failure: Error | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** How often each happened. */
  get counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  /** Lets one of them happen. */
  next(): void {
    const { random, networks, members } = this.#world;
    const network = random.pick(networks);
    const name = random.pick([
      'connections cut',
      'cut in the middle of a frame',
      'network dead',
      'network refusing',
      'network slow',
      'app closed and opened',
      'broadcast',
    ] as const);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    switch (name) {
      case 'connections cut':
        network.cut();
        break;
      case 'cut in the middle of a frame':
        // Healing forgets it, so nobody waits for it.
        void network.cutAfter(
          random.pick<Direction>(['up', 'down']),
          random.below(cut_after_bytes_max),
        );
        break;
      case 'network dead':
        network.blackHole();
        this.#start(this.#healed(network));
        break;
      case 'network refusing':
        network.refuse();
        network.cut();
        this.#start(this.#healed(network));
        break;
      case 'network slow':
        network.throttle(slow_bytes_per_second);
        this.#start(this.#healed(network));
        break;
      case 'app closed and opened':
        this.#start(reopened(random.pick(members), random.below(outage_ms_max)));
        break;
      case 'broadcast':
        this.#start(this.#broadcast());
        break;
    }
  }

  /** Ends all of them. */
  async heal(): Promise<void> {
    await Promise.all(this.#underWay);
    for (const network of this.#world.networks) network.heal();
    if (this.#failure) throw this.#failure;
  }

  #start(fault: Promise<void>): void {
    const ended = fault.catch((error: unknown) => {
      this.#failure ??= error as Error;
    });
    this.#underWay.add(ended);
    void ended.then(() => this.#underWay.delete(ended));
  }

  async #healed(network: FaultProxy): Promise<void> {
    await pause(this.#world.random.below(outage_ms_max));
    network.heal();
  }

  /** A new one; the oldest is taken back. */
  async #broadcast(): Promise<void> {
    const { operator } = this.#world;
    const count = this.#counts.get('broadcast') ?? 0;
    this.#visible.push(await operator.publish(`News ${count}`));
    const oldest = this.#visible.length > broadcasts_max ? this.#visible.shift() : undefined;
    if (oldest) await operator.step('recall', oldest);
  }
}

async function reopened(member: Member, after_ms: number): Promise<void> {
  if (!member.isOpen) return;
  await member.close();
  await pause(after_ms);
  member.open();
}
