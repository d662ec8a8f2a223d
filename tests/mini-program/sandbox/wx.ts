/** `wx`, with what it says and how it fails. */
import type { Device } from './device.ts';
import type { Realm } from './realm.ts';
import type { RequestOptions, Requests } from './requests.ts';
import type { CallbackOptions, SocketDialect, Sockets } from './sockets.ts';
import type { DeviceStorage, Refusal } from './storage.ts';

/** Values that cross are copied, and of the script's world. */
export const wxDialect = (realm: Realm): SocketDialect => ({
  received: (data) => ({ data: typeof data === 'string' ? data : realm.ownBuffer(data) }),
  sent: ({ data }) => {
    if (typeof data === 'string') return data;
    // A view is none: `subarray().buffer` would be all that it is a view of.
    const isBuffer = Object.prototype.toString.call(data) === '[object ArrayBuffer]';
    return isBuffer ? new Uint8Array(data as ArrayBuffer).slice() : undefined;
  },
  closed: (code, reason) => ({ code, reason }),
  failed: (call, what) => ({ errMsg: `${call}:fail ${what}` }),
});

export const wxNetwork = (kind: string) => ({ isConnected: kind !== 'none', networkType: kind });

export interface ApiParts {
  realm: Realm;
  sockets: Sockets;
  requests: Requests;
  storage: DeviceStorage;
  device: Device;
}

type Options = CallbackOptions & { key?: string; data?: unknown; url?: unknown };

const REFUSALS: Record<Refusal, string> = {
  item: 'setStorage:fail:entry size limit reached',
  total: 'setStorage:fail:exceed storage max size 10Mb',
};

export function makeWx({ realm, sockets, requests, storage, device }: ApiParts) {
  const answer = (options: CallbackOptions, failure: string | undefined, value: object = {}) => {
    const [callback, result] =
      failure === undefined
        ? [options.success, { errMsg: 'ok', ...value }]
        : [options.fail, { errMsg: failure }];
    realm.post(callback, result);
    realm.post(options.complete, result);
  };
  const set = (key: unknown, data: unknown): string | undefined => {
    if (typeof key !== 'string' || key === '') return 'setStorage:fail parameter error';
    const refusal = storage.set(key, JSON.stringify(data));
    return refusal && REFUSALS[refusal];
  };
  const get = (key: string): unknown => {
    const json = storage.get(key);
    // An object from here would be one of another world.
    return json === undefined ? undefined : realm.run(`(${json})`);
  };
  const info = () => ({
    keys: realm.run(JSON.stringify(storage.keys)),
    currentSize: Math.ceil(storage.used_bytes / 1024),
    limitSize: storage.quota.total_bytes_max / 1024,
  });

  return {
    connectSocket: (options: Options) => sockets.connect(options.url, options),
    request: (options: RequestOptions) =>
      requests.send(
        options,
        ({ status, headers, data }) => ({ statusCode: status, header: headers, data }),
        (what) => ({ errMsg: `request:fail ${what}` }),
      ),

    setStorage: (options: Options) => {
      answer(options, set(options.key, options.data));
    },
    getStorage: (options: Options) => {
      const data = get(options.key ?? '');
      const isMissing = data === undefined;
      answer(options, isMissing ? 'getStorage:fail data not found' : undefined, { data });
    },
    removeStorage: (options: Options) => {
      storage.remove(options.key ?? '');
      answer(options, undefined);
    },
    clearStorage: (options: Options = {}) => {
      storage.clear();
      answer(options, undefined);
    },
    getStorageInfo: (options: Options) => {
      answer(options, undefined, info());
    },
    setStorageSync: (key: string, data: unknown) => {
      const failure = set(key, data);
      if (failure !== undefined) throw new Error(failure);
    },
    getStorageSync: (key: string) => get(key) ?? '',
    removeStorageSync: (key: string) => {
      storage.remove(key);
    },
    clearStorageSync: () => {
      storage.clear();
    },
    getStorageInfoSync: info,

    getNetworkType: (options: Options) => {
      answer(options, undefined, device.network as object);
    },
    onNetworkStatusChange: device.networkChanged.on,
    offNetworkStatusChange: device.networkChanged.off,
    onAppShow: device.shown.on,
    offAppShow: device.shown.off,
    onAppHide: device.hidden.on,
    offAppHide: device.hidden.off,

    getRandomValues: (options: Options & { length: number }) => {
      const bytes = crypto.getRandomValues(new Uint8Array(options.length));
      answer(options, undefined, { randomValues: realm.ownBuffer(bytes) });
    },
    arrayBufferToBase64: (buffer: ArrayBuffer) => Buffer.from(buffer).toString('base64'),
    base64ToArrayBuffer: (text: string) => realm.ownBuffer(Buffer.from(text, 'base64')),
  };
}
