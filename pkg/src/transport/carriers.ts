/** Which carrier a connection gets: sockets, until they fail again and again. */
import type { ClientOptions, Host, Socket, SocketEvents, Transport } from '../types.js';
import type * as FallbackModule from './fallback.js';

type Fallback = FallbackModule.Fallback;

/** Sockets in a row that carried nothing, before HTTP is tried. */
const FAILURES_MAX = 3;

export interface CarrierParts {
  host: Host;
  /** Of the relay's WebSocket endpoint. */
  url: string;
  /** Default: `auto`. */
  transport: ClientOptions['transport'];
  /** Whether the app waits for an answer that a change of the carrier would take from it. */
  isBusy(): boolean;
}

export class Carriers {
  /** What carries the newest connection. */
  current: Transport = 'socket';
  readonly #parts: CarrierParts;
  #failures = 0;
  #fallback: Fallback | undefined;

  constructor(parts: CarrierParts) {
    this.#parts = parts;
  }

  /** As a host's `openSocket`. */
  open(events: SocketEvents): Socket {
    const { host, transport } = this.#parts;
    const isFailing = this.#failures >= FAILURES_MAX && transport !== 'socket' && canRequest(host);
    if (isFailing || transport === 'polling') {
      return this.#fallback?.open(events) ?? this.#load(events);
    }
    this.current = 'socket';
    return this.#openSocket(events);
  }

  /** The network may be another one. */
  hint(): void {
    this.#fallback?.hint();
  }

  /** Lets go of what waits for a better carrier. */
  stop(): void {
    this.#fallback?.stop();
  }

  /** A socket that carried a frame is a good one, whatever becomes of it. */
  #openSocket(events: SocketEvents): Socket {
    let isUndecided = true;
    const decide = (failures: number) => {
      if (isUndecided) this.#failures = failures;
      isUndecided = false;
    };
    const socket = this.#parts.host.openSocket(this.#parts.url, {
      opened: () => {
        events.opened();
      },
      received: (frame) => {
        decide(0);
        events.received(frame);
      },
      closed: (code) => {
        decide(this.#failures + 1);
        events.closed(code);
      },
    });
    return {
      send: (frame) => {
        socket.send(frame);
      },
      close: (code, reason) => {
        // Not when the app disconnects, but when the relay was waited for in vain.
        decide(this.#failures + Number(code !== 1000));
        socket.close(code, reason);
      },
    };
  }

  /** Most pages never need what polls, so it is loaded by those that do. */
  #load(events: SocketEvents): Socket {
    let socket: Socket | undefined;
    let isClosed = false;
    const loaded = (module: typeof FallbackModule) => {
      this.#fallback ??= new module.Fallback(this.#parts, (carrier) => {
        this.current = carrier;
        if (carrier === 'socket') this.#failures = 0;
      });
      if (!isClosed) socket = this.#fallback.open(events);
    };
    import('./fallback.js').then(loaded).catch(() => {
      // Sockets have another chance before it is loaded again.
      this.#failures = 0;
      if (!isClosed) events.closed();
    });
    return {
      send: (frame) => {
        socket?.send(frame);
      },
      close: (code, reason) => {
        isClosed = true;
        socket?.close(code, reason);
      },
    };
  }
}

/** Whether there is HTTP here. */
export const canRequest = (host: Host): boolean =>
  [typeof host.request, typeof fetch].includes('function');
