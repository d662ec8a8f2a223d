import type { Socket, SocketEvents } from '../types.js';

/** A connection that nothing depends on before it has shown that it works. */
export interface Candidate extends Socket {
  /**
   * From now on it is a connection like any other, and its trial hears no more of it. It is open:
   * the caller says so.
   */
  adopt(events: SocketEvents): void;
}

/** What comes of it: one of these, or `failed` also after `works`. */
export interface Trial {
  works(): void;
  failed(): void;
}
