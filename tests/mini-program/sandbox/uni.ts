/** `uni` as uni-app makes it from the host's own object, with what is lost on the way. */
import type { CallbackOptions } from './sockets.ts';

type Api = Record<string, unknown>;
type Method = (options: CallbackOptions) => unknown;

const PROMISED = ['setStorage', 'getStorage', 'removeStorage', 'getStorageInfo', 'getNetworkType'];

export function makeUni(api: Api, isAlipay: boolean): Api {
  const promised = (name: string) => (options: CallbackOptions) => {
    const method = api[name] as Method;
    const hasCallback = [options.success, options.fail, options.complete].some(
      (callback) => typeof callback === 'function',
    );
    if (hasCallback) return method(options);
    return new Promise((success, fail) => {
      method({ ...options, success, fail });
    });
  };
  const connect = promised('connectSocket');
  return {
    ...api,
    ...Object.fromEntries(PROMISED.map((name) => [name, promised(name)])),
    connectSocket: (options: CallbackOptions) => {
      const task = connect(options);
      // Its wrapper copies what the object has itself, and not what its class gives it.
      return isAlipay && task && !(task instanceof Promise) ? {} : task;
    },
  };
}
