/** What the client is compared with: the socket.io of npm, which answers at once and keeps nothing. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const SOCKET_IO_VERSION = '4.8.4';

export interface SocketIo {
  url: string;
  /** Its client, as a script for pages. */
  script: string;
  stop(): Promise<void>;
}

/** The part of its server that is used here. */
interface Server {
  on(event: 'connection', handle: (socket: Socket) => void): void;
  close(): Promise<void>;
}

interface Socket {
  on(event: 'message', handle: (body: string, answer: (id: number) => void) => void): void;
}

type ServerClass = new (http: object, options: object) => Server;

/** Fetches it into a temporary folder, and starts a server in this process. */
export async function startSocketIo(): Promise<SocketIo> {
  const folder = await mkdtemp(join(tmpdir(), 'seqline-bench-'));
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  const wanted = `socket.io@${SOCKET_IO_VERSION}`;
  await promisify(execFile)('npm', ['install', '--prefix', folder, ...quietly, wanted]);

  const load = createRequire(join(folder, 'index.js'));
  const { Server } = load('socket.io') as { Server: ServerClass };
  const script = await readFile(
    join(folder, 'node_modules/socket.io/client-dist/socket.io.min.js'),
    'utf8',
  );
  const http = createServer();
  const server = new Server(http, { cors: { origin: '*' }, serveClient: false });
  let received = 0;
  server.on('connection', (socket) => {
    socket.on('message', (_body, answer) => {
      received += 1;
      answer(received);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    script,
    stop: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
