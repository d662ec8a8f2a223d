/**
 * A WebSocket that has to show that it carries frames, before anything depends on it: there are
 * proxies that let one open and then swallow what is said. A relay answers a `ping` before `hello`.
 */
import { encode } from '../cbor.js';
import type { Host, Socket, SocketEvents } from '../types.js';

const PING = { ping: { nonce: 1 } };

export interface ProofEvents {
  proven(): void;
  /** It never opened, or nothing came of it; or it ended before it was taken over. */
  failed(): void;
}

export class ProvingSocket implements Socket {
  readonly #socket: Socket;
  #proof: ProofEvents | undefined;
  #isProven = false;
  #events: SocketEvents | undefined;

  /** @throws what the host throws */
  constructor(host: Host, url: string, proof: ProofEvents) {
    this.#proof = proof;
    this.#socket = host.openSocket(url, {
      opened: () => {
        this.#socket.send(encode(PING));
      },
      received: (frame) => {
        this.#events?.received(frame);
        if (this.#isProven) return;
        this.#isProven = true;
        this.#proof?.proven();
      },
      closed: (code) => {
        this.#events?.closed(code);
        this.#proof?.failed();
      },
    });
  }

  /** From now on it is a connection like any other. The caller tells that it is open. */
  adopt(events: SocketEvents): void {
    this.#events = events;
    this.#proof = undefined;
  }

  send(frame: string | Uint8Array): void {
    this.#socket.send(frame);
  }

  close(code = 1000, reason = ''): void {
    this.#proof = undefined;
    this.#socket.close(code, reason);
  }
}
