/** Which tab leads: the one that holds a Web Lock. It goes to the next one that waits for it. */
import type { Locks } from './browser.js';
import { hold, type Held } from './locks.js';

export interface ElectionListener {
  elected(): void;
  /** Another tab has taken the lead away. */
  lost(): void;
}

export class Election {
  readonly #locks: Locks;
  readonly #name: string;
  readonly #listener: ElectionListener;
  #held: Held | undefined;
  #waiting: AbortController | undefined;
  #isStopped = false;

  constructor(locks: Locks, name: string, listener: ElectionListener) {
    this.#locks = locks;
    this.#name = name;
    this.#listener = listener;
  }

  get isLeading(): boolean {
    return this.#held !== undefined;
  }

  /** Waits for its turn. */
  run(): void {
    if (this.#held || this.#waiting || this.#isStopped) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    void this.#request({ signal: waiting.signal }, waiting);
  }

  /** Takes the lead from one that does nothing any more. */
  seize(): void {
    if (this.#held || this.#isStopped) return;
    this.#waiting?.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    void this.#request({ steal: true }, waiting);
  }

  /** Lets another tab lead, and waits for no turn until `run()`. */
  resign(): void {
    this.#waiting?.abort();
    this.#waiting = undefined;
    const held = this.#held;
    this.#held = undefined;
    held?.release();
  }

  stop(): void {
    this.#isStopped = true;
    this.resign();
  }

  async #request(how: { signal?: AbortSignal; steal?: boolean }, waiting: AbortController) {
    const held: Held | undefined = await hold(this.#locks, this.#name, {
      ...how,
      lost: () => {
        if (this.#held !== held || !held) return;
        this.#held = undefined;
        this.#listener.lost();
      },
    });
    if (this.#waiting !== waiting) {
      held?.release();
      return;
    }
    this.#waiting = undefined;
    this.#held = held;
    if (held) this.#listener.elected();
  }
}
