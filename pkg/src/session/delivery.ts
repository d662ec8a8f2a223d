import { after } from '../alarm.js';
import type { Mailbox } from '../broadcasts/mailbox.js';
import { delivered } from '../convert.js';
import { messageOf } from '../error.js';
import { nextTask } from '../next-task.js';
import type { RawDelivered, RawDelivery } from '../raw.js';
import type { EventName, Host } from '../types.js';
import type { Audience } from './session.js';

/** How long handlers run before the page gets a turn: half a frame at 60 Hz. */
const SLICE_MS_MAX = 8;

/** How long a handler that is under way is waited for at the end: it may itself wait for the end. */
const LAST_HANDLER_MS_MAX = 1_000;

interface Batch {
  id: number;
  events: RawDelivery[];
}

/** What became of a batch. */
export interface DeliveryReport {
  taken(id: number): void;
  /** The first `count` events were taken, the next one was not. */
  refused(id: number, count: number): void;
}

/**
 * Hands batches to the app's handlers, event by event. Nothing is handed over while no
 * `message` handler listens: an app that registers late misses nothing.
 */
export class Delivery {
  readonly #audience: Audience;
  readonly #mailbox: Mailbox;
  readonly #report: DeliveryReport;
  readonly #host: Host;
  readonly #batches: Batch[] = [];
  /** Until what is being handed over has been reported. */
  #running: Promise<void> | undefined;
  #isStopped = false;
  #sliceStart = 0;

  constructor(audience: Audience, mailbox: Mailbox, report: DeliveryReport, host: Host) {
    this.#audience = audience;
    this.#mailbox = mailbox;
    this.#report = report;
    this.#host = host;
  }

  add(id: number, events: RawDelivery[]): void {
    this.#batches.push({ id, events });
    this.wake();
  }

  /** Goes on, if there is something to hand over and somebody to take it. */
  wake(): void {
    this.#running ??= this.#run();
  }

  /**
   * Hands over nothing further. What was handed over must not come again: resolves once it was
   * reported, if its handlers end soon.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (!this.#running) return;
    let cancel: (() => void) | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = after(this.#host, LAST_HANDLER_MS_MAX, resolve);
    });
    await Promise.race([this.#running, late]);
    cancel?.();
  }

  async #run(): Promise<void> {
    // Never from within the call that brought the batch.
    await Promise.resolve();
    this.#sliceStart = this.#host.monotonicMs();
    while (this.#canGoOn()) {
      const [batch] = this.#batches;
      if (!batch || !(await this.#handOver(batch))) break;
      this.#batches.shift();
    }
    this.#running = undefined;
  }

  #canGoOn(): boolean {
    return !this.#isStopped && this.#audience.has('message');
  }

  /** False if it was interrupted: what is left of the batch waits in it. */
  async #handOver(batch: Batch): Promise<boolean> {
    // How many were taken is counted from the batch as it came.
    const { id, events } = batch;
    const underWay: Promise<void>[] = [];
    for (const [at, event] of events.entries()) {
      if (this.#isStopped) {
        await Promise.all(underWay);
        if (at > 0) this.#report.refused(id, at);
        return false;
      }
      try {
        const taken = this.#handOverOne(event);
        if (taken && this.#audience.isQueue && isEvent(event)) underWay.push(taken);
        else await taken;
      } catch (error) {
        this.#refused(handlersOf(event), error);
        this.#report.refused(id, at);
        return true;
      }
      await this.#breathe();
    }
    await Promise.all(underWay);
    this.#report.taken(id);
    return true;
  }

  #handOverOne(event: RawDelivery): void | Promise<void> {
    switch (event.type) {
      case 'public':
        return this.#mailbox.take(event.news);
      case 'seen':
        return this.#mailbox.mark(event);
      default:
        return this.#audience.handOver(event.type, delivered(event));
    }
  }

  #refused(name: EventName, error: unknown): void {
    this.#audience.emit('error', {
      code: 'handler_failed',
      message: `a handler of \`${name}\` failed, and will get the event again: ${messageOf(error)}`,
      retryable: true,
      cause: error,
    });
  }

  async #breathe(): Promise<void> {
    if (this.#host.monotonicMs() - this.#sliceStart < SLICE_MS_MAX) return;
    await nextTask((done) => after(this.#host, 0, done));
    this.#sliceStart = this.#host.monotonicMs();
  }
}

/** Else it is about the public mailbox, which makes events of it. */
const isEvent = (delivery: RawDelivery): delivery is RawDelivered =>
  delivery.type !== 'public' && delivery.type !== 'seen';

/** Whose handlers hear of it. */
const handlersOf = (delivery: RawDelivery): EventName =>
  isEvent(delivery) ? delivery.type : 'broadcast';
