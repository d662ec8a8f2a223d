/**
 * HTTP in place of sockets that do not get through, until they do. Loaded when that is so.
 *
 * While it is not known what works, a socket and HTTP are tried at the same time, and the socket is
 * taken if it carries frames. Once HTTP was, the next connections of this network take it at once,
 * and a socket is tried beside it now and then: one that carries frames becomes the connection.
 */
import { after } from '../alarm.js';
import type { Host, Socket, SocketEvents, Transport } from '../types.js';
import type { CarrierParts } from './carriers.js';
import type { Candidate } from './candidate.js';
import { PolledSocket } from './polled-socket.js';
import { proveSocket } from './proving-socket.js';
import { Race } from './race.js';

/** Between two tries of a socket beside HTTP: at first, doubling up to. Give or take a fifth. */
const TRY_MS = 30_000;
const TRY_MS_MAX = 600_000;
/** How long a try may take. */
const PROOF_MS = 10_000;
/** A socket that works waits so long for a moment in which nobody minds: less than the relay waits for `hello`. */
const MOMENT_MS = 5_000;
const MOMENT_STEP_MS = 100;
/** And so long for the connection that takes it over. */
const ADOPTION_MS = 3_000;

interface Polled {
  socket: PolledSocket;
  events: SocketEvents;
}

export class Fallback {
  readonly #parts: CarrierParts;
  readonly #host: Host;
  readonly #chosen: (carrier: Transport) => void;
  readonly #isAuto: boolean;
  /** HTTP worked and sockets did not, when that was last seen. */
  #prefersPolling: boolean;
  /** The connection that polls. */
  #polled: Polled | undefined;
  /** The socket that is tried beside it, or waits to take its place. */
  #tried: Candidate | undefined;
  #isReady = false;
  #tryMs = TRY_MS;
  #stopTimer: (() => void) | undefined;

  constructor(parts: CarrierParts, chosen: (carrier: Transport) => void) {
    this.#parts = parts;
    this.#host = parts.host;
    this.#chosen = chosen;
    this.#isAuto = parts.transport !== 'polling';
    this.#prefersPolling = !this.#isAuto;
  }

  open(events: SocketEvents): Socket {
    if (this.#isReady && this.#tried) return this.#takeTried(this.#tried, events);
    return this.#prefersPolling ? this.#poll(events) : this.#race(events);
  }

  /** The network may be another one: what did not work before may do so now. */
  hint(): void {
    if (!this.#isAuto || this.#isReady) return;
    this.#tryMs = TRY_MS;
    if (!this.#polled) this.#prefersPolling = false;
    else if (!this.#tried) this.#try();
  }

  stop(): void {
    this.#wait(undefined);
    this.#isReady = false;
    this.#dropTried();
    this.#polled = undefined;
  }

  #poll(events: SocketEvents): Socket {
    const { host, url } = this.#parts;
    const polled = new PolledSocket(host, url, {
      works: () => {
        this.#takePolled(polled, events);
      },
      failed: () => {
        // Who knows what works by now.
        this.#prefersPolling = !this.#isAuto;
        events.closed();
      },
    });
    return this.#followed(polled);
  }

  #race(events: SocketEvents): Socket {
    let winner: Socket | undefined;
    const race = new Race(this.#host, this.#parts.url, {
      socket: (socket) => {
        winner = socket;
        this.#chosen('socket');
        socket.adopt(events);
        events.opened();
      },
      polling: (polled) => {
        winner = this.#followed(polled);
        this.#takePolled(polled, events);
      },
      neither: () => {
        events.closed();
      },
    });
    return {
      send: (frame) => winner?.send(frame),
      close: (code, reason) => {
        // Whoever has less time than a socket is given need not wait for one again.
        if (!winner && race.hasPolling && code !== 1000) this.#prefersPolling = true;
        race.stop();
        winner?.close(code, reason);
      },
    };
  }

  /** Frames go over HTTP from now on. */
  #takePolled(socket: PolledSocket, events: SocketEvents): void {
    this.#prefersPolling = true;
    this.#polled = { socket, events };
    this.#chosen('polling');
    this.#tryLater();
    socket.adopt({
      ...events,
      closed: (code) => {
        this.#lost(socket);
        events.closed(code);
      },
    });
    events.opened();
  }

  /** As the client sees it: what it closes is lost. */
  #followed(polled: PolledSocket): Socket {
    return {
      send: (frame) => {
        polled.send(frame);
      },
      close: () => {
        this.#lost(polled);
        polled.close();
      },
    };
  }

  #lost(socket: PolledSocket): void {
    if (this.#polled?.socket !== socket) return;
    this.#polled = undefined;
    if (this.#isReady) return;
    this.#wait(undefined);
    this.#dropTried();
  }

  #tryLater(): void {
    if (!this.#isAuto) return;
    const jitter = 0.8 + (0.4 * (this.#host.random()[0] ?? 0)) / 255;
    this.#wait(this.#tryMs * jitter, () => {
      this.#try();
    });
    this.#tryMs = Math.min(2 * this.#tryMs, TRY_MS_MAX);
  }

  #try(): void {
    const failed = () => {
      this.#isReady = false;
      this.#dropTried();
      if (this.#polled) this.#tryLater();
    };
    this.#tried = proveSocket(this.#host, this.#parts.url, {
      works: () => {
        this.#awaitMoment(MOMENT_MS, failed);
      },
      failed,
    });
    if (this.#tried) this.#wait(PROOF_MS, failed);
    else failed();
  }

  /** No answer that the app waits for may get lost by the change. */
  #awaitMoment(leftMs: number, giveUp: () => void): void {
    if (!this.#polled) giveUp();
    else if (!this.#parts.isBusy()) this.#change(this.#polled, giveUp);
    else if (leftMs <= 0) giveUp();
    else {
      this.#wait(MOMENT_STEP_MS, () => {
        this.#awaitMoment(leftMs - MOMENT_STEP_MS, giveUp);
      });
    }
  }

  /** Ends the connection, as if it were lost: the next one takes the socket. */
  #change({ socket, events }: Polled, giveUp: () => void): void {
    this.#isReady = true;
    this.#polled = undefined;
    this.#wait(ADOPTION_MS, giveUp);
    socket.close();
    events.closed();
  }

  /** Not from within `open`: it is told to be open after that. */
  #takeTried(socket: Candidate, events: SocketEvents): Socket {
    this.#wait(undefined);
    this.#tried = undefined;
    this.#isReady = false;
    this.#prefersPolling = false;
    this.#tryMs = TRY_MS;
    this.#chosen('socket');
    let isClosed = false;
    socket.adopt({
      ...events,
      closed: (code) => {
        isClosed = true;
        events.closed(code);
      },
    });
    void Promise.resolve().then(() => {
      if (!isClosed) events.opened();
    });
    return {
      send: (frame) => {
        socket.send(frame);
      },
      close: (code, reason) => {
        isClosed = true;
        socket.close(code, reason);
      },
    };
  }

  #dropTried(): void {
    this.#tried?.close(1000, 'not needed');
    this.#tried = undefined;
  }

  /** One timer at a time. */
  #wait(delayMs: number | undefined, callback: () => void = () => undefined): void {
    this.#stopTimer?.();
    this.#stopTimer = delayMs === undefined ? undefined : after(this.#host, delayMs, callback);
  }
}
