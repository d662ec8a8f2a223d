import { after } from '../alarm.js';
import type { Host } from '../types.js';
import type { Candidate } from './candidate.js';
import { PolledSocket } from './polled-socket.js';
import { proveSocket } from './proving-socket.js';

/** How much longer a socket may take than HTTP. */
const GRACE_MS = 2_000;

export interface Outcome {
  socket(socket: Candidate): void;
  polling(polled: PolledSocket): void;
  neither(): void;
}

/** Tries a socket and HTTP at the same time. The socket is better, unless it carries nothing. */
export class Race {
  readonly #outcome: Outcome;
  readonly #running = new Set<Candidate>();
  #polled: PolledSocket | undefined;
  #stopGrace: (() => void) | undefined;

  constructor(host: Host, url: string, outcome: Outcome) {
    this.#outcome = outcome;
    const polled = new PolledSocket(host, url, {
      works: () => {
        this.#polled = polled;
        this.#stopGrace = after(host, GRACE_MS, () => {
          this.#takePolled();
        });
        if (this.#running.size === 1) this.#takePolled();
      },
      failed: () => {
        this.#polled = undefined;
        this.#failed(polled);
      },
    });
    this.#running.add(polled);
    const socket = proveSocket(host, url, {
      works: () => {
        if (socket && this.#win(socket)) outcome.socket(socket);
      },
      failed: () => {
        if (socket) this.#failed(socket);
      },
    });
    if (socket) this.#running.add(socket);
  }

  /** Whether HTTP works, as far as is known. */
  get hasPolling(): boolean {
    return this.#polled !== undefined;
  }

  /** Ends it without a winner. */
  stop(): void {
    this.#stopGrace?.();
    for (const loser of this.#running) loser.close(1000, 'not needed');
    this.#running.clear();
  }

  #takePolled(): void {
    if (this.#polled && this.#win(this.#polled)) this.#outcome.polling(this.#polled);
  }

  #failed(candidate: Candidate): void {
    if (!this.#running.delete(candidate)) return;
    if (this.#running.size > 0) {
      this.#takePolled();
    } else {
      this.#stopGrace?.();
      this.#outcome.neither();
    }
  }

  #win(candidate: Candidate): boolean {
    if (!this.#running.delete(candidate)) return false;
    this.stop();
    return true;
  }
}
