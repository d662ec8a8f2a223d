/** `my`, with what it says and how it fails. */
import { makeWx, type ApiParts } from './wx.ts';
import type { RequestOptions } from './requests.ts';
import type { CallbackOptions, SentMessage, SocketDialect } from './sockets.ts';
import type { Refusal } from './storage.ts';

/** How bytes come, which differs between versions. */
export type AlipayBytes = 'base64' | 'nested' | 'buffer';

export const myDialect = (bytes: AlipayBytes): SocketDialect => ({
  received: (data) => {
    if (typeof data === 'string') return { data };
    // Not of the script's world, as it is on devices.
    if (bytes === 'buffer') return { data: new Uint8Array(data).buffer };
    const message = { data: Buffer.from(data).toString('base64'), isBuffer: true };
    return bytes === 'nested' ? { data: message } : message;
  },
  sent: ({ data, isBuffer }: SentMessage) => {
    if (typeof data !== 'string') return undefined;
    return isBuffer ? new Uint8Array(Buffer.from(data, 'base64')) : data;
  },
  // Neither the code nor the reason comes through.
  closed: () => ({}),
  failed: (_call, what) => ({ error: 11, errorMessage: what }),
});

export const myNetwork = (kind: string) => ({
  isConnected: kind !== 'none',
  networkAvailable: kind !== 'none',
  networkType: kind === 'none' ? 'NOTREACHABLE' : kind.toUpperCase(),
});

type Options = CallbackOptions & { key?: string; data?: unknown; url?: unknown };

const REFUSALS: Record<Refusal, object> = {
  item: { error: 14, errorMessage: 'data is too long' },
  total: { error: 12, errorMessage: 'the storage is full' },
};

export function makeMy(parts: ApiParts) {
  const { realm, sockets, requests, storage } = parts;
  // What is the same in both. There is no source of randomness here.
  const shared = { ...makeWx(parts), getRandomValues: undefined };
  let single: unknown;

  const answer = (options: CallbackOptions, failure: object | undefined, value: object = {}) => {
    const result = failure ?? { success: true, ...value };
    realm.post(failure ? options.fail : options.success, result);
    realm.post(options.complete, result);
  };
  const set = (key: unknown, data: unknown): object | undefined => {
    if (typeof key !== 'string') return { error: 11, errorMessage: 'invalid params' };
    const refusal = storage.set(key, JSON.stringify(data));
    return refusal && REFUSALS[refusal];
  };
  const get = (key = ''): unknown => {
    const json = storage.get(key);
    return json === undefined ? null : realm.run(`(${json})`);
  };

  return {
    ...shared,
    /** A task only if `multiple`; else there is one socket, which is closed before the next. */
    connectSocket: (options: Options & { multiple?: boolean }) => {
      if (options.multiple) return sockets.connect(options.url, options);
      if (single) answer(options, { error: 3, errorMessage: 'there is a connection' });
      else single = sockets.connect(options.url, options);
      return undefined;
    },
    request: (options: RequestOptions) =>
      requests.send(
        options,
        (given) => given,
        (what) => ({ error: 12, errorMessage: what }),
      ),

    setStorage: (options: Options) => {
      answer(options, set(options.key, options.data));
    },
    /** What is not there is null, and no failure. */
    getStorage: (options: Options) => {
      answer(options, undefined, { data: get(options.key) });
    },
    removeStorage: (options: Options) => {
      storage.remove(options.key ?? '');
      answer(options, undefined);
    },
    // One object, and what fails is returned.
    setStorageSync: (options: Options) => set(options.key, options.data),
    getStorageSync: (options: Options) => ({ data: get(options.key) }),
    removeStorageSync: (options: Options) => {
      storage.remove(options.key ?? '');
    },
    clearStorageSync: () => {
      storage.clear();
    },
  };
}
