/** What happens to an app from outside: shown and hidden, the network, its end. */
import { Listeners } from './listeners.ts';
import type { Realm } from './realm.ts';
import type { Requests } from './requests.ts';
import type { Sockets } from './sockets.ts';

export interface DeviceParts {
  realm: Realm;
  sockets: Sockets;
  requests: Requests;
  /** What a host tells of the network, by its kind; `none` if there is none. */
  network(kind: string): unknown;
}

export class Device {
  readonly shown: Listeners;
  readonly hidden: Listeners;
  readonly networkChanged: Listeners;
  readonly #parts: DeviceParts;
  #network = 'wifi';

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.shown = new Listeners(parts.realm);
    this.hidden = new Listeners(parts.realm);
    this.networkChanged = new Listeners(parts.realm);
  }

  /** What `getNetworkType` gives. */
  get network(): unknown {
    return this.#parts.network(this.#network);
  }

  /** The user looks at something else. For five seconds everything goes on. */
  hide(): void {
    this.hidden.tell({});
  }

  /**
   * Those five seconds are over: no network and no timers until the app is shown again.
   * @param told whether sockets hear that they are closed. They do not always.
   */
  suspend(told: boolean): void {
    this.#parts.sockets.takeAway(told);
    this.#parts.requests.takeAway();
    this.#parts.realm.timers.suspend();
  }

  /** The user is back. */
  show(): void {
    this.#parts.realm.timers.resume();
    this.#parts.sockets.giveBack();
    this.#parts.requests.giveBack();
    this.shown.tell({});
  }

  /** Another network, or `none`. */
  changeNetwork(kind: string): void {
    this.#network = kind;
    this.networkChanged.tell(this.network);
  }

  /** The system ends the app, without a word to it. */
  end(): void {
    this.#parts.realm.stop();
    this.#parts.sockets.drop();
    this.#parts.requests.takeAway();
  }
}
