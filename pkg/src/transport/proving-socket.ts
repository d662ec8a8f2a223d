/**
 * A WebSocket that has to show that it carries frames: there are proxies that let one open and then
 * swallow what is said. A relay answers a `ping` before `hello`.
 */
import { encode } from '../cbor.js';
import type { Host, Socket, SocketEvents } from '../types.js';
import type { Candidate, Trial } from './candidate.js';

const PING = { ping: { nonce: 1 } };

/** None if the host refuses to open one. */
export function proveSocket(host: Host, url: string, trial: Trial): Candidate | undefined {
  try {
    return new ProvingSocket(host, url, trial);
  } catch {
    return undefined;
  }
}

class ProvingSocket implements Candidate {
  readonly #socket: Socket;
  #trial: Trial | undefined;
  #isProven = false;
  #events: SocketEvents | undefined;

  constructor(host: Host, url: string, trial: Trial) {
    this.#trial = trial;
    this.#socket = host.openSocket(url, {
      opened: () => {
        this.#socket.send(encode(PING));
      },
      received: (frame) => {
        this.#events?.received(frame);
        if (this.#isProven) return;
        this.#isProven = true;
        this.#trial?.works();
      },
      closed: (code) => {
        this.#events?.closed(code);
        this.#trial?.failed();
      },
    });
  }

  adopt(events: SocketEvents): void {
    this.#events = events;
    this.#trial = undefined;
  }

  send(frame: string | Uint8Array): void {
    this.#socket.send(frame);
  }

  close(code: number, reason: string): void {
    this.#trial = undefined;
    this.#socket.close(code, reason);
  }
}
