/**
 * An HTTP proxy that minds WebSockets, as those of companies and hotels do: unlike a fault proxy,
 * which knows of bytes alone.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  request,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What becomes of a WebSocket: `swallow` lets one open, and nothing through it. */
export type Upgrades = 'pass' | 'refuse' | 'swallow';

/** What RFC 6455 has a server append to the key. */
const handshake = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class Gateway {
  upgrades: Upgrades = 'pass';
  readonly #server: Server;
  readonly #target: () => number | undefined;
  readonly #open = new Set<Duplex>();
  #asked = 0;

  /** @param target port on this machine of what is behind it; undefined while that is down */
  static async start(target: () => number | undefined): Promise<Gateway> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Gateway(server, target);
  }

  private constructor(server: Server, target: () => number | undefined) {
    this.#server = server;
    this.#target = target;
    server.on('request', (incoming, outgoing) => {
      this.#forward(incoming, outgoing);
    });
    server.on('upgrade', (incoming, socket, head) => {
      this.#asked += 1;
      this.#upgrade(incoming, socket, head);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** WebSockets that were asked for. */
  get upgradesAsked(): number {
    return this.#asked;
  }

  /** Ends all WebSockets. */
  cutUpgraded(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cutUpgraded();
    this.#server.closeAllConnections();
    await closed;
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url: path, headers } = incoming;
    const port = this.#target();
    const fail = () => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    };
    if (port === undefined) {
      fail();
      return;
    }
    const forwarded = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on('error', fail);
    });
    forwarded.on('error', fail);
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  }

  #upgrade(incoming: IncomingMessage, client: Duplex, head: Buffer): void {
    this.#open.add(client);
    client.on('close', () => this.#open.delete(client)).on('error', () => undefined);
    const port = this.#target();
    if (this.upgrades === 'refuse' || port === undefined) {
      client.end(answer(port === undefined ? 502 : 403, { connection: 'close' }));
    } else if (this.upgrades === 'swallow') {
      const key = `${incoming.headers['sec-websocket-key'] ?? ''}${handshake}`;
      const accept = createHash('sha1').update(key).digest('base64');
      const upgraded = { connection: 'upgrade', upgrade: 'websocket' };
      client.write(answer(101, { ...upgraded, 'sec-websocket-accept': accept }));
      client.resume();
    } else {
      this.#pass(incoming, client, head, port);
    }
  }

  #pass(incoming: IncomingMessage, client: Duplex, head: Buffer, port: number): void {
    const target: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const lines = incoming.rawHeaders.flatMap((name, at, all) =>
      at % 2 === 0 ? [`${name}: ${all[at + 1] ?? ''}`] : [],
    );
    target.write([`GET ${incoming.url ?? '/'} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
    target.write(head);
    target.pipe(client).pipe(target);
    target.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('close', () => target.destroy());
  }
}

function answer(status: number, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n');
}
