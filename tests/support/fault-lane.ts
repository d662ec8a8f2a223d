/** One direction of one proxied connection. */
import type { Socket } from 'node:net';

/** `up`: from the client to what is behind the proxy. */
export type Direction = 'up' | 'down';

/** What the network is like; shared by all lanes of a proxy, and changed while they run. */
export interface Conditions {
  /** Directions in which nothing passes. */
  blackHoles: Set<Direction>;
  delay_ms: number;
  bytes_per_second?: number;
  /** What may still pass in one direction before everything is cut. */
  budget?: { direction: Direction; bytes: number; onSpent: () => void };
}

// A network has buffers, but not endless ones.
const held_bytes_max = 256 * 1024;
const pieces_per_second = 20;

export class Lane {
  readonly #direction: Direction;
  readonly #source: Socket;
  readonly #sink: Socket;
  /** What holds from the next `pump` on. */
  conditions: Conditions;
  #held: { bytes: Buffer; due_ms: number }[] = [];
  #held_bytes = 0;
  #free_ms = 0;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;
  #isStopped = false;

  constructor(direction: Direction, source: Socket, sink: Socket, conditions: Conditions) {
    this.#direction = direction;
    this.#source = source;
    this.#sink = sink;
    this.conditions = conditions;
    source.on('data', (bytes: Buffer) => {
      this.#held.push({ bytes, due_ms: performance.now() + this.conditions.delay_ms });
      this.#held_bytes += bytes.length;
      this.pump();
    });
    source.on('end', () => {
      this.#isEnded = true;
      this.pump();
    });
    sink.on('drain', () => {
      this.pump();
    });
  }

  /** Hands on what is due, and comes back for the rest. */
  pump(): void {
    clearTimeout(this.#timer);
    while (this.#canPass()) {
      const wait_ms = this.#nextDue() - performance.now();
      if (wait_ms > 0) {
        this.#timer = setTimeout(() => {
          this.pump();
        }, wait_ms);
        break;
      }
      this.#pass();
    }
    if (this.#isSwallowed() || this.#held_bytes > held_bytes_max) this.#source.pause();
    else this.#source.resume();
    if (this.#isEnded && this.#held.length === 0 && !this.#isSwallowed()) this.#sink.end();
  }

  /** The source is gone: nothing more will come. */
  finish(): void {
    this.#isEnded = true;
    this.pump();
  }

  stop(): void {
    this.#isStopped = true;
    this.#held = [];
    clearTimeout(this.#timer);
  }

  #canPass(): boolean {
    const { budget } = this.conditions;
    const isSpent = budget?.direction === this.#direction && budget.bytes === 0;
    return (
      !this.#isStopped &&
      !isSpent &&
      !this.#isSwallowed() &&
      this.#held.length > 0 &&
      !this.#sink.destroyed &&
      !this.#sink.writableNeedDrain
    );
  }

  #isSwallowed(): boolean {
    return this.conditions.blackHoles.has(this.#direction);
  }

  #nextDue(): number {
    return Math.max(this.#held[0]?.due_ms ?? 0, this.#free_ms);
  }

  #pass(): void {
    const first = this.#held[0];
    if (first === undefined) return;
    const { bytes_per_second, budget } = this.conditions;
    const counts = budget?.direction === this.#direction ? budget : undefined;
    const length = Math.min(
      first.bytes.length,
      counts?.bytes ?? Infinity,
      bytes_per_second === undefined
        ? Infinity
        : Math.max(1, Math.floor(bytes_per_second / pieces_per_second)),
    );
    const piece = first.bytes.subarray(0, length);
    this.#held_bytes -= length;
    if (length === first.bytes.length) this.#held.shift();
    else first.bytes = first.bytes.subarray(length);

    if (bytes_per_second !== undefined) {
      this.#free_ms = performance.now() + (length / bytes_per_second) * 1000;
    }
    if (counts === undefined) {
      this.#sink.write(piece);
      return;
    }
    counts.bytes -= length;
    if (counts.bytes > 0) this.#sink.write(piece);
    // A reset throws away what was not yet sent: cut only once the last piece is out.
    else this.#sink.write(piece, counts.onSpent);
  }
}
