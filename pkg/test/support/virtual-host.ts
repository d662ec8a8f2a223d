import type { Host, HttpAnswer, HttpRequest, SocketEvents } from 'seqline';
import { nodeHost } from 'seqline/node';
import { decode, encode } from 'cborg';

/** A socket that the test is the other end of. */
export interface VirtualSocket {
  url: string;
  events: SocketEvents;
  sent: (string | Uint8Array)[];
  closedWith: number | undefined;
}

/** A request that the test answers. */
export interface VirtualRequest extends HttpRequest {
  content: Record<string, unknown>;
  isCalledOff: boolean;
  answer(content: object, status?: number): void;
  /** Something that no relay says. */
  answerRaw(answer?: HttpAnswer): void;
}

interface Timer {
  atMs: number;
  callback(): void;
}

/** A host whose time and network are turned by hand. */
export class VirtualHost implements Host {
  readonly name = 'virtual';
  readonly sockets: VirtualSocket[] = [];
  readonly requests: VirtualRequest[] = [];
  /** Of the first random byte: the middle of every jitter. */
  random = (): Uint8Array => new Uint8Array(32).fill(127);
  readonly openStorage = nodeHost.openStorage.bind(nodeHost);
  #nowMs = 0;
  #timers: Timer[] = [];

  openSocket(url: string, events: SocketEvents) {
    const socket: VirtualSocket = { url, events, sent: [], closedWith: undefined };
    this.sockets.push(socket);
    return {
      send: (frame: string | Uint8Array) => void socket.sent.push(frame),
      close: (code: number) => {
        socket.closedWith ??= code;
      },
    };
  }

  request(request: HttpRequest, done: (answer?: HttpAnswer) => void) {
    const asked: VirtualRequest = {
      ...request,
      content: decode(request.body) as Record<string, unknown>,
      isCalledOff: false,
      answer: (content, status = 200) => {
        asked.answerRaw({ status, body: encode(content) });
      },
      answerRaw: (answer) => {
        if (!asked.isCalledOff) done(answer);
      },
    };
    this.requests.push(asked);
    return () => {
      asked.isCalledOff = true;
    };
  }

  watch() {
    return () => undefined;
  }

  monotonicMs() {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void) {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass, and what is due in it happen in order. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await turn();
      const [next] = this.#timers.toSorted((one, other) => one.atMs - other.atMs);
      if (!next || next.atMs > endMs) break;
      this.#nowMs = next.atMs;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.callback();
    }
    this.#nowMs = endMs;
    await turn();
  }

  /** The newest socket. */
  get socket(): VirtualSocket {
    return last(this.sockets);
  }

  /** The newest request. */
  get asked(): VirtualRequest {
    return last(this.requests);
  }
}

/** Lets everything happen that was promised. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function last<T>(list: T[]): T {
  const one = list.at(-1);
  if (!one) throw new Error('there is none');
  return one;
}
