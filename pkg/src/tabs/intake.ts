/**
 * Hands what comes to one tab's handlers, one after the other, and to each what it has not had
 * yet. A handler that fails gets the event again; other tabs hear nothing of that.
 */
import { after } from '../alarm.js';
import { messageOf } from '../error.js';
import { nextTask } from '../next-task.js';
import type { Audience } from '../session/session.js';
import type { EventName, Events, Host } from '../types.js';
import { Places, type PlacesRecord } from './places.js';
import { ToldBroadcasts } from './told.js';

/** Of a tab that takes nothing for now. Beyond them it starts over. */
const WAITING_MAX = 1_000;
/** Times that an event is given to a handler that fails. */
const ATTEMPTS_MAX = 4;
/** Pause before the second attempt; doubles. */
const RETRY_MS = 1_000;
/** How long handlers run before the page gets a turn: half a frame at 60 Hz. */
const SLICE_MS_MAX = 8;

type Waiting =
  | { number: number; name: EventName; event: Events[EventName] }
  /** Things were missed; they go on from these places. */
  | { number: number; restart: PlacesRecord; conv?: string };

export interface IntakeParts {
  audience: Audience;
  host: Host;
  /** Whether the app is to get anything now. */
  isOpen(): boolean;
  /** Everything up to this number is taken. */
  taken(upTo: number): void;
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #waiting: Waiting[] = [];
  readonly #broadcasts = new ToldBroadcasts();
  /** Of what has come, whether taken or waiting. */
  readonly #come = new Places();
  #last = 0;
  #isRunning = false;
  #isStopped = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Up to where the app has taken everything that came. */
  get taken(): number {
    return (this.#waiting[0]?.number ?? this.#last + 1) - 1;
  }

  /** How far it is, what waits included: that it has in its hands. */
  places(): PlacesRecord {
    return this.#come.record();
  }

  /** It begins here. */
  start(places: PlacesRecord): void {
    this.#come.set(places);
  }

  /** Another stream begins, with this number. What waits still is before it. */
  renumber(next: number): void {
    this.#last = next - 1;
    for (const waiting of this.#waiting) waiting.number = next;
  }

  /** Something came that nothing waits for, and that is told already. */
  skip(number: number): void {
    this.#last = number;
  }

  add(number: number, name: EventName, event: Events[EventName]): void {
    this.#last = number;
    // Else it had that of an earlier leader, or has it waiting.
    if (this.#isNews(name, event)) {
      this.#come.take(name, event);
      this.#push({ number, name, event });
    }
    this.wake();
  }

  pass(number: number, passed: PlacesRecord): void {
    this.#last = number;
    this.#come.pass(passed);
    this.wake();
  }

  /** Something was missed for good. */
  restart(places: PlacesRecord, conv?: string): void {
    if (conv === undefined) {
      this.#come.set(places);
      this.#waiting.length = 0;
    } else {
      this.#come.setCrowd(conv, places.crowds[conv] ?? 0);
    }
    this.#push({ number: this.#last, restart: places, ...(conv === undefined ? {} : { conv }) });
    this.wake();
  }

  /** Goes on, if there is something to hand over and somebody to take it. */
  wake(): void {
    if (!this.#isRunning) void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting.length = 0;
  }

  #isNews(name: EventName, event: Events[EventName]): boolean {
    // Broadcasts have no place: whether they are news shows when it is their turn.
    return name === 'broadcast' || name === 'reset' || this.#come.isNews(event);
  }

  #push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length > WAITING_MAX) {
      this.#waiting.length = 0;
      this.#waiting.push({ number: this.#last, restart: this.#come.record() });
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Never from within the call that brought it.
    await Promise.resolve();
    let sliceStart = this.#parts.host.monotonicMs();
    for (let next = this.#waiting[0]; next && this.#isOpen(); next = this.#waiting[0]) {
      await this.#take(next);
      if (this.#isStopped) break;
      // It may have been dropped meanwhile.
      if (this.#waiting[0] === next) this.#waiting.shift();
      if (this.#parts.host.monotonicMs() - sliceStart < SLICE_MS_MAX) continue;
      this.#parts.taken(this.taken);
      await nextTask((done) => after(this.#parts.host, 0, done));
      sliceStart = this.#parts.host.monotonicMs();
    }
    this.#isRunning = false;
    if (!this.#isStopped) this.#parts.taken(this.taken);
  }

  #isOpen(): boolean {
    return !this.#isStopped && this.#parts.isOpen();
  }

  async #take(waiting: Waiting): Promise<void> {
    if ('restart' in waiting) {
      const { restart, conv } = waiting;
      const head = conv === undefined ? restart.own : (restart.crowds[conv] ?? 0);
      const event: Events['reset'] = { reason: 'tab_behind', head };
      if (conv !== undefined) event.conv = conv;
      await this.#handOver('reset', event);
      return;
    }
    const { name, event } = waiting;
    if (name === 'synced') {
      this.#parts.audience.emit('synced', event as Events['synced']);
      return;
    }
    if (name === 'broadcast') {
      const broadcast = event as Events['broadcast'];
      if (!this.#broadcasts.isNews(broadcast)) return;
      if (await this.#handOver(name, broadcast)) this.#broadcasts.take(broadcast);
      return;
    }
    await this.#handOver(name, event);
  }

  /** False if it was passed over. */
  async #handOver(name: EventName, event: Events[EventName]): Promise<boolean> {
    for (let attempt = 1; !this.#isStopped; attempt += 1) {
      try {
        await this.#parts.audience.handOver(name, event);
        return true;
      } catch (error) {
        const isLast = attempt === ATTEMPTS_MAX;
        this.#refused(name, error, isLast);
        if (isLast) return false;
        await this.#pause(RETRY_MS * 2 ** (attempt - 1));
      }
    }
    return false;
  }

  #refused(name: EventName, error: unknown, isLast: boolean): void {
    const message = isLast
      ? `a handler failed ${ATTEMPTS_MAX} times; its event was passed over`
      : `a handler of \`${name}\` failed, and will get the event again: ${messageOf(error)}`;
    this.#parts.audience.emit('error', {
      code: 'handler_failed',
      message,
      retryable: !isLast,
      cause: error,
    });
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      after(this.#parts.host, delayMs, resolve);
    });
  }
}
