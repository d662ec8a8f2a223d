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
import { PolledSocket } from './polled-socket.js';
import { ProvingSocket } from './proving-socket.js';

/** How much longer a socket may take than HTTP. */
const GRACE_MS = 2_000;
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
  #tried: ProvingSocket | undefined;
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

  /** Whether there is a socket that works and waits to be opened. */
  hasSocket(): boolean {
    return this.#isReady;
  }

  open(events: SocketEvents): Socket {
    if (this.#isReady && this.#tried) return this.#adopt(this.#tried, events);
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
    this.#tried?.close();
    this.#tried = undefined;
    this.#polled = undefined;
  }

  #poll(events: SocketEvents): Socket {
    const socket = new PolledSocket(this.#parts, {
      opened: () => {
        this.#took(socket, events);
        events.opened();
      },
      received: (frame) => {
        events.received(frame);
      },
      closed: (code) => {
        // Before it was open: who knows what works by now.
        if (this.#polled?.socket !== socket) this.#prefersPolling = !this.#isAuto;
        this.#lost(socket);
        events.closed(code);
      },
    });
    return {
      send: (frame) => {
        socket.send(frame);
      },
      close: () => {
        this.#lost(socket);
        socket.close();
      },
    };
  }

  #race(events: SocketEvents): Socket {
    let stopGrace: (() => void) | undefined;
    let winner: Socket | undefined;
    const left = new Set<Socket>();
    const isOver = () => winner !== undefined || left.size === 0;
    const win = (socket: Socket) => {
      winner = socket;
      stopGrace?.();
      left.delete(socket);
      for (const loser of left) loser.close(1000, 'another one was faster');
      left.clear();
    };
    const lose = (socket: Socket) => {
      if (!left.delete(socket)) return;
      if (left.size === 0) events.closed();
      else if (isPolledOpen) takePolled();
    };
    const takePolled = () => {
      if (isOver()) return;
      win(polled);
      this.#took(polled, events);
      events.opened();
    };
    let isPolledOpen = false;
    const polled = new PolledSocket(this.#parts, {
      opened: () => {
        isPolledOpen = true;
        if (left.size === 1) takePolled();
        else stopGrace = after(this.#host, GRACE_MS, takePolled);
      },
      received: (frame) => {
        events.received(frame);
      },
      closed: (code) => {
        if (winner !== polled) {
          isPolledOpen = false;
          lose(polled);
          return;
        }
        this.#lost(polled);
        events.closed(code);
      },
    });
    left.add(polled);
    const proving = this.#prove({
      proven: () => {
        if (isOver() || !proving) return;
        win(proving);
        this.#chosen('socket');
        proving.adopt(events);
        events.opened();
      },
      failed: () => {
        if (proving) lose(proving);
      },
    });
    if (proving) left.add(proving);
    return {
      send: (frame) => winner?.send(frame),
      close: (code, reason) => {
        stopGrace?.();
        if (winner === polled) this.#lost(polled);
        // Whoever waits for less than that for a socket need not wait again.
        if (!winner && isPolledOpen && code !== 1000) this.#prefersPolling = true;
        winner?.close(code, reason);
        for (const socket of left) socket.close(code, reason);
        left.clear();
      },
    };
  }

  /** Frames go over HTTP from now on. */
  #took(socket: PolledSocket, events: SocketEvents): void {
    this.#prefersPolling = true;
    this.#polled = { socket, events };
    this.#chosen('polling');
    this.#tryLater();
  }

  #lost(socket: PolledSocket): void {
    if (this.#polled?.socket !== socket) return;
    this.#polled = undefined;
    if (this.#isReady) return;
    this.#wait(undefined);
    this.#tried?.close();
    this.#tried = undefined;
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
      this.#tried?.close();
      this.#tried = undefined;
      if (this.#polled) this.#tryLater();
    };
    this.#tried = this.#prove({
      proven: () => {
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

  #adopt(socket: ProvingSocket, events: SocketEvents): Socket {
    this.#wait(undefined);
    this.#tried = undefined;
    this.#isReady = false;
    this.#prefersPolling = false;
    this.#tryMs = TRY_MS;
    this.#chosen('socket');
    let isClosed = false;
    socket.adopt({
      opened: () => undefined,
      received: (frame) => {
        events.received(frame);
      },
      closed: (code) => {
        isClosed = true;
        events.closed(code);
      },
    });
    // Not from within `open`.
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

  /** None if the host refuses to open one. */
  #prove(proof: { proven(): void; failed(): void }): ProvingSocket | undefined {
    try {
      return new ProvingSocket(this.#host, this.#parts.url, proof);
    } catch {
      return undefined;
    }
  }

  /** One timer at a time. */
  #wait(delayMs: number | undefined, callback: () => void = () => undefined): void {
    this.#stopTimer?.();
    this.#stopTimer = delayMs === undefined ? undefined : after(this.#host, delayMs, callback);
  }
}
