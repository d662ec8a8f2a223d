import type { Host, Storage } from 'seqline';
import { nodeHost } from 'seqline/node';

/** How much faster its clock goes: what waits for seconds is not waited for. */
const SPEED = 20;

/** A process that may end at any moment. Then nothing of it reaches the world any more. */
export class Process {
  readonly host: Host;
  readonly ended: Promise<'ended'>;
  #hasEnded = false;
  #tellEnd!: () => void;
  readonly #rest = new Set<() => void>();

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#tellEnd = () => {
        resolve('ended');
      };
    });
    this.host = {
      ...nodeHost,
      monotonicMs: () => performance.now() * SPEED,
      after: (delayMs, callback) => this.#after(delayMs, callback),
      openSocket: (url, events) => this.#openSocket(url, events),
    };
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  end(): void {
    this.#hasEnded = true;
    for (const stop of this.#rest) stop();
    this.#rest.clear();
    this.#tellEnd();
  }

  readonly #after: NonNullable<Host['after']> = (delayMs, callback) => {
    const stop = () => {
      clearTimeout(timer);
      this.#rest.delete(stop);
    };
    const timer = setTimeout(() => {
      this.#rest.delete(stop);
      callback();
    }, delayMs / SPEED);
    if (this.#hasEnded) stop();
    else this.#rest.add(stop);
    return stop;
  };

  readonly #openSocket: Host['openSocket'] = (url, events) => {
    const socket = nodeHost.openSocket(url, {
      opened: () => {
        if (!this.#hasEnded) events.opened();
      },
      received: (frame) => {
        if (!this.#hasEnded) events.received(frame);
      },
      closed: (code) => {
        this.#rest.delete(cut);
        if (!this.#hasEnded) events.closed(code);
      },
    });
    const cut = () => {
      socket.close(1000, '');
    };
    this.#rest.add(cut);
    return {
      send: (frame) => {
        if (!this.#hasEnded) socket.send(frame);
      },
      close: (code, reason) => {
        socket.close(code, reason);
      },
    };
  };
}

/** What happens at a write. */
export type Fault =
  /** It fails, the next one works. */
  | 'fails'
  /** It fails, and so do all that follow. */
  | 'fails from then on'
  /** It is never answered, nor are those that follow. */
  | 'hangs'
  /** The process ends before it is kept. */
  | 'ends before'
  /** The process ends when it is kept, before it is told. */
  | 'ends after';

/** A storage with a fault at the nth write, for one process. */
export class FaultyStorage {
  hasCome = false;
  readonly #open: () => Promise<Storage>;
  readonly #process: Process;
  readonly #fault: Fault | undefined;
  readonly #nth: number;
  #writes = 0;

  constructor(open: () => Promise<Storage>, process: Process, fault?: Fault, nth = 0) {
    this.#open = open;
    this.#process = process;
    this.#fault = fault;
    this.#nth = nth;
  }

  readonly open = async (): Promise<Storage> => {
    const storage = await this.#open();
    return {
      load: () => storage.load(),
      write: (changes) => this.#write(storage, changes),
      close: () => {
        storage.close();
      },
    };
  };

  async #write(storage: Storage, changes: Parameters<Storage['write']>[0]): Promise<void> {
    if (this.#process.hasEnded) return never();
    this.#writes += 1;
    const isNow = this.#fault !== undefined && this.#writes === this.#nth;
    this.hasCome ||= isNow;
    if (isNow && this.#fault === 'ends after') {
      await storage.write(changes);
      this.#process.end();
      return never();
    }
    if (isNow && this.#fault === 'ends before') {
      this.#process.end();
      return never();
    }
    if (this.hasCome && this.#fault === 'hangs') return never();
    if (isNow && this.#fault === 'fails') throw new Error('this write fails');
    if (this.hasCome && this.#fault === 'fails from then on') throw new Error('the disk is full');
    return storage.write(changes);
  }
}

const never = () => new Promise<never>(() => undefined);
