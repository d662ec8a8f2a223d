/**
 * A socket made of a `SocketTask`, which promises less than a WebSocket does: its calls fail by
 * callbacks, an error may come without a close, a close may never be told (after some seconds in
 * the background, for one), and a task that is closed while it opens may open all the same.
 */
import { after } from '../../alarm.js';
import type { Host, Socket, SocketEvents } from '../types.js';
import type { Callbacks, SentMessage, SocketTask } from './api.js';
import { frameOf } from './bytes.js';

/** Close codes that stand for "none came". */
const NO_CODE = [1005, 1006];
/** After which a close counts as done, told or not. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface TaskSocketParts {
  host: Host;
  /** Makes the task, which is open once it says so: `success` means no more than accepted. */
  connect(callbacks: Callbacks): SocketTask;
  /** How bytes are sent. */
  toMessage(bytes: Uint8Array): SentMessage;
}

export function openTaskSocket(parts: TaskSocketParts, events: SocketEvents): Socket {
  return new TaskSocket(parts, events);
}

class TaskSocket implements Socket {
  readonly #parts: TaskSocketParts;
  readonly #events: SocketEvents;
  #task: SocketTask | undefined;
  #isOpen = false;
  /** `closed` was told. */
  #isOver = false;
  #stopWaiting: (() => void) | undefined;

  constructor(parts: TaskSocketParts, events: SocketEvents) {
    this.#parts = parts;
    this.#events = events;
    try {
      // Without callbacks some give a promise in place of the task.
      const task = parts.connect({
        fail: () => {
          this.#over();
        },
      });
      // At once: what is told before there is a listener is told to nobody.
      this.#listen(task);
      this.#task = task;
    } catch {
      // Five are open, or there is no network in the background: the reason is the host's.
      this.#over();
    }
  }

  send(frame: string | Uint8Array): void {
    if (!this.#isOpen || this.#isOver) return;
    const message = typeof frame === 'string' ? { data: frame } : this.#parts.toMessage(frame);
    const fail = () => {
      // "Task not found", or interrupted in the background: it will not come back to life.
      this.#abandon();
    };
    try {
      this.#task?.send({ ...message, fail });
    } catch {
      fail();
    }
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOpen = false;
    this.#closeTask(code, reason);
    this.#stopWaiting ??= after(this.#parts.host, CLOSE_TIMEOUT_MS, () => {
      this.#over();
    });
  }

  #listen(task: SocketTask): void {
    task.onOpen(() => {
      if (this.#isOver || this.#stopWaiting) {
        // It was closed before it was open. Left alone, it would stay.
        this.#closeTask(1000, '');
        return;
      }
      this.#isOpen = true;
      this.#events.opened();
    });
    task.onMessage((message) => {
      if (this.#isOpen && !this.#isOver) this.#events.received(frameOf(message));
    });
    task.onError(() => {
      this.#abandon();
    });
    task.onClose((event) => {
      this.#over(event?.code);
    });
  }

  /** Does not wait for a close that may never be told. */
  #abandon(): void {
    if (this.#isOver) return;
    this.#closeTask(1000, '');
    this.#over();
  }

  #closeTask(code: number, reason: string): void {
    try {
      this.#task?.close({ code, reason, fail: () => undefined });
    } catch {
      // It is closed already.
    }
  }

  #over(code?: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isOpen = false;
    this.#stopWaiting?.();
    const told = code !== undefined && !NO_CODE.includes(code) ? code : undefined;
    // Never from within a call of ours.
    void Promise.resolve().then(() => {
      this.#events.closed(told);
    });
  }
}
