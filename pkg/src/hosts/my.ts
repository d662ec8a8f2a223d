import { toBase64 } from '../base64.js';
import type { Host } from './types.js';
import type { MiniProgramApi, SocketTask } from './mini-program/api.js';
import { miniProgramHost, type MiniProgram } from './mini-program/host.js';

declare const my: MiniProgramApi | undefined;

export const alipay: MiniProgram = {
  name: 'my',
  api: () => {
    if (typeof my === 'object') return my;
    throw new Error('there is no `my` here: this is not an Alipay mini-program');
  },
  // Else there is one socket for the whole app, and no task.
  connect: (api, url, callbacks) =>
    api.connectSocket({ url, multiple: true, ...callbacks }) as SocketTask,
  // Buffers come with later versions, and differ from device to device.
  toMessage: (bytes) => ({ data: toBase64(bytes), isBuffer: true }),
};

/** Alipay mini-programs, by `my`. */
export const myHost: Host = miniProgramHost(alipay);

export const isAlipay = (): boolean =>
  typeof my === 'object' && typeof my.connectSocket === 'function';
