import type { Host } from './types.js';
import type { MiniProgramApi, SocketTask } from './mini-program/api.js';
import { miniProgramHost, type MiniProgram } from './mini-program/host.js';
import { alipay, isAlipay } from './my.js';
import { isWeChat, weChat } from './wx.js';

// By this name and no other: uni-app's compiler puts its own object in its place.
declare const uni: MiniProgramApi | undefined;

const uniApp: MiniProgram = {
  name: 'uni',
  api: () => {
    if (typeof uni === 'object') return uni;
    throw new Error('there is no `uni` here: this is not a uni-app project');
  },
  connect: (api, url, callbacks) =>
    api.connectSocket({ url, multiple: true, ...callbacks }) as SocketTask,
};

/**
 * What uni-app's object only wraps where there is one: its wrapper for Alipay copies the task, and
 * with it loses the task's methods.
 */
const underneath = (): MiniProgram => (isWeChat() ? weChat : isAlipay() ? alipay : uniApp);

/** uni-app, by `uni`: mini-programs of any kind, apps, and pages. */
export const uniHost: Host = miniProgramHost({
  name: 'uni',
  api: () => underneath().api(),
  connect: (api, url, callbacks) => underneath().connect(api, url, callbacks),
  toMessage: (bytes) => underneath().toMessage?.(bytes),
});

export const isUniApp = (): boolean =>
  typeof uni === 'object' && typeof uni.connectSocket === 'function';
