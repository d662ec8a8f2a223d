/**
 * A TCP proxy that breaks connections on purpose. It keeps its own address while what is behind
 * it dies and comes back elsewhere, so clients see what they would see of a network: one address,
 * and no reason why it does not answer.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { Lane, type Conditions, type Direction } from './fault-lane.ts';

export type { Direction } from './fault-lane.ts';

/** A port of this machine, or the path of a Unix socket. */
export type Target = number | string;

const bothDirections: readonly Direction[] = ['up', 'down'];

export class FaultProxy {
  readonly #server: Server;
  readonly #target: () => Target | undefined;
  readonly #connections = new Set<Connection>();
  readonly #stranded = new Set<Connection>();
  readonly #conditions: Conditions = { blackHoles: new Set(), delay_ms: 0 };
  /** Called when a connection has ended on both sides. */
  onClosed: () => void = ignore;
  #isRefusing = false;
  #accepted = 0;

  /**
   * @param target port on this machine, or path of a Unix socket, of what is behind the proxy,
   * asked for with each connection; undefined while it is down: connections are then closed.
   */
  static async start(target: () => Target | undefined): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, target);
  }

  private constructor(server: Server, target: () => Target | undefined) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => {
      this.#accept(client);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#connections.size;
  }

  /** Connections that were ever attempted, refused ones included. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Ends every open connection. */
  cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  /**
   * Lets `bytes` more bytes through in one direction, summed over all connections, then ends
   * every connection. The cut may fall into the middle of a frame.
   * @returns once it has happened
   */
  async cutAfter(direction: Direction, bytes: number): Promise<void> {
    if (bytes === 0) {
      this.cut();
      return;
    }
    await new Promise<void>((resolve) => {
      this.#conditions.budget = {
        direction,
        bytes,
        onSpent: () => {
          delete this.#conditions.budget;
          this.cut();
          resolve();
        },
      };
    });
  }

  /**
   * Lets nothing through, in one direction or both, closes included, and answers no new
   * connection: neither side can tell this from silence. `heal` lets everything go on where it
   * stopped.
   */
  blackHole(...directions: Direction[]): void {
    for (const direction of directions.length > 0 ? directions : bothDirections) {
      this.#conditions.blackHoles.add(direction);
    }
    this.#applyConditions();
  }

  /**
   * From now on nothing passes in one direction, or both, of the connections that are open; new
   * ones are as before. `heal` lets them go on where they stopped.
   */
  strand(...directions: Direction[]): void {
    const blackHoles = new Set(directions.length > 0 ? directions : bothDirections);
    for (const connection of this.#connections) {
      connection.endure({ blackHoles, delay_ms: 0 });
      this.#stranded.add(connection);
    }
  }

  /** Connections that were stranded, and are still open on either side. */
  get stranded(): number {
    return this.#stranded.size;
  }

  /** Hands everything on this much later. */
  delay(delay_ms: number): void {
    this.#conditions.delay_ms = delay_ms;
  }

  /** Hands on at most this much in each direction of each connection. */
  throttle(bytes_per_second: number): void {
    this.#conditions.bytes_per_second = bytes_per_second;
  }

  /** Closes new connections at once. Open ones are left alone. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Ends every fault. What a black hole held back is handed on, unless its connection was cut. */
  heal(): void {
    this.#isRefusing = false;
    this.#conditions.blackHoles.clear();
    this.#conditions.delay_ms = 0;
    delete this.#conditions.bytes_per_second;
    delete this.#conditions.budget;
    for (const connection of this.#stranded) connection.endure(this.#conditions);
    this.#applyConditions();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    this.#accepted += 1;
    const target = this.#target();
    if (this.#isRefusing || target === undefined) {
      client.on('error', ignore).destroy();
      return;
    }
    const connection = new Connection(client, target, this.#conditions);
    this.#connections.add(connection);
    connection.onClosed = () => {
      this.#connections.delete(connection);
      this.#stranded.delete(connection);
      this.onClosed();
    };
  }

  #applyConditions(): void {
    for (const connection of this.#connections) connection.applyConditions();
  }
}

/** One client's connection, and the one to the target that it stands for. */
class Connection {
  onClosed: () => void = ignore;
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #lanes: Lane[];
  #conditions: Conditions;
  #isBroken = false;

  constructor(client: Socket, target: Target, conditions: Conditions) {
    this.#client = client;
    const place =
      typeof target === 'number' ? { port: target, host: '127.0.0.1' } : { path: target };
    this.#target = connect({ ...place, allowHalfOpen: true, noDelay: true });
    this.#conditions = conditions;
    this.#lanes = [
      new Lane('up', client, this.#target, conditions),
      new Lane('down', this.#target, client, conditions),
    ];
    for (const socket of [client, this.#target]) {
      socket.on('error', () => {
        this.#isBroken = true;
      });
      socket.on('close', () => {
        this.#settle();
      });
    }
  }

  /**
   * Ends both sides at once, whatever is still on its way. Not with `resetAndDestroy`, which waits
   * for that, and leaks the socket when it is destroyed meanwhile.
   */
  cut(): void {
    for (const lane of this.#lanes) lane.stop();
    for (const socket of [this.#client, this.#target]) socket.destroy();
  }

  /** Other conditions hold for it from now on. */
  endure(conditions: Conditions): void {
    this.#conditions = conditions;
    for (const lane of this.#lanes) lane.conditions = conditions;
    this.applyConditions();
  }

  applyConditions(): void {
    for (const lane of this.#lanes) lane.pump();
    this.#settle();
  }

  /** Passes on that one side is gone, unless the black hole swallows that too. */
  #settle(): void {
    const isGone = [this.#client, this.#target].some((socket) => socket.closed);
    if (!isGone || this.#conditions.blackHoles.size > 0) return;
    // What has arrived is still handed on after an orderly close.
    if (this.#isBroken) this.cut();
    else for (const lane of this.#lanes) lane.finish();
    if (this.#client.destroyed && this.#target.destroyed) this.onClosed();
  }
}

function ignore(): void {
  // Nothing to do.
}
