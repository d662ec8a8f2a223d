import type { Host } from './types.js';
import type { MiniProgramApi, SocketTask } from './mini-program/api.js';
import { miniProgramHost, type MiniProgram } from './mini-program/host.js';

declare const wx: MiniProgramApi | undefined;

export const weChat: MiniProgram = {
  name: 'wx',
  api: () => {
    if (typeof wx === 'object') return wx;
    throw new Error('there is no `wx` here: this is not a WeChat mini-program');
  },
  connect: (api, url, callbacks) => api.connectSocket({ url, ...callbacks }) as SocketTask,
};

/** WeChat mini-programs, by `wx`. */
export const wxHost: Host = miniProgramHost(weChat);

// Pages in WeChat have a `wx`, too: another one.
export const isWeChat = (): boolean =>
  typeof wx === 'object' && typeof wx.connectSocket === 'function';
