import type { Socket, SocketEvents } from './types.js';

/** Close codes that a browser makes up when none came. */
const NO_CODE = [1005, 1006];

/** A socket of the `WebSocket` that browsers and workers have. */
export function openWebSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    events.opened();
  };
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    events.received(typeof data === 'string' ? data : new Uint8Array(data));
  };
  // `error` says nothing, and `close` always follows it.
  socket.onclose = ({ code }) => {
    events.closed(NO_CODE.includes(code) ? undefined : code);
  };
  return {
    send: (frame) => {
      // Of a closing one it says nothing: `closed` is on its way.
      if (socket.readyState === WebSocket.OPEN) socket.send(frame as string);
    },
    close: (code, reason) => {
      socket.close(code, reason);
    },
  };
}
