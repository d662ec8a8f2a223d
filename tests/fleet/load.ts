/** Users who write all the time, mark what they have read, and take messages back. */
import type { Crowd } from '../support/crowd/crowd.ts';
import type { Random } from '../support/random.ts';

const tick_ms = 25;
/** Of a device: it writes no more until some are acknowledged. */
const unsent_max = 40;
const mark_chance = 0.1;
const recall_chance = 0.05;

export class Load {
  readonly #crowd: Crowd;
  readonly #random: Random;
  readonly #messages_per_tick: number;
  #timer: NodeJS.Timeout | undefined;
  #owed = 0;

  constructor(crowd: Crowd, random: Random, messages_per_second: number) {
    this.#crowd = crowd;
    this.#random = random;
    this.#messages_per_tick = (messages_per_second * tick_ms) / 1_000;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      for (this.#owed += this.#messages_per_tick; this.#owed >= 1; this.#owed--) this.#act();
      this.#crowd.progress.notify();
    }, tick_ms);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #act(): void {
    const [crowd, random] = [this.#crowd, this.#random];
    const device = random.pick(crowd.devices);
    if (device.unsent >= unsent_max) return;
    void crowd.write(device);
    if (random.chance(mark_chance)) void crowd.markRead(device);
    if (random.chance(recall_chance)) void crowd.recall(device);
  }
}
