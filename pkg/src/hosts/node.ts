import { randomBytes } from 'node:crypto';

import { WebSocket } from 'ws';

import { memoryStorage } from '../storage/memory.js';
import type { Host, Socket, SocketEvents } from '../types.js';

/** Close codes that stand for "none came". */
const NO_CODE = [1005, 1006];
/** The protocol's limit of a frame, in bytes. */
const FRAME_BYTES_MAX = 64 * 1024;

/** Node 20 and later. Node 20 has no WebSocket of its own, so sockets are those of `ws`. */
export const nodeHost: Host = {
  name: 'node',
  openSocket,
  openStorage: (account) => memoryStorage()(account),
  // A server is neither hidden nor told of its network; a suspend shows in its clocks.
  watch: () => () => undefined,
  random: () => randomBytes(32),
  monotonicMs: () => performance.now(),
};

function openSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url, { maxPayload: FRAME_BYTES_MAX, perMessageDeflate: false });
  socket.on('open', () => {
    events.opened();
  });
  socket.on('message', (data, isBinary) => {
    // Never in parts: `nodebuffer` is the default way to get a message.
    const bytes = data as Buffer;
    events.received(isBinary ? bytes : bytes.toString('utf8'));
  });
  // What failed is of no use to the client: `close` follows.
  socket.on('error', () => undefined);
  socket.on('close', (code) => {
    events.closed(NO_CODE.includes(code) ? undefined : code);
  });
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close: (code, reason) => {
      socket.close(code, reason);
    },
  };
}
