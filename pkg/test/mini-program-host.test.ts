import type { Host, LifecycleEvents } from 'seqline';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { detectHost } from '../dist/hosts/detect.js';
import type { MiniProgramApi, NetworkStatus } from '../dist/hosts/mini-program/api.js';
import { ownBuffer } from '../dist/hosts/mini-program/bytes.js';
import { steadyClock } from '../dist/hosts/mini-program/clock.js';
import { myHost } from '../dist/hosts/my.js';
import { uniHost } from '../dist/hosts/uni.js';
import { wxHost } from '../dist/hosts/wx.js';

type Options = Record<string, unknown>;

/** An API object that takes note of what it is asked, and answers at once. */
class FakeApi {
  readonly sockets: Options[] = [];
  readonly tasks: { sent: Options[]; listeners: Record<string, (event?: unknown) => void> }[] = [];
  readonly items = new Map<string, string>();
  readonly listeners = new Map<string, (event: never) => void>();
  network: NetworkStatus = { networkType: 'wifi' };

  readonly api = {
    connectSocket: (options: Options) => {
      this.sockets.push(options);
      const task = { sent: [] as Options[], listeners: {} as Record<string, () => void> };
      this.tasks.push(task);
      const on = (name: string) => (listener: () => void) => {
        task.listeners[name] = listener;
      };
      return {
        onOpen: on('open'),
        onMessage: on('message'),
        onError: on('error'),
        onClose: on('close'),
        send: (message: Options) => task.sent.push(message),
        close: () => undefined,
      };
    },
    getStorageInfo: ({ success }: { success: (value: object) => void }) => {
      success({ keys: [...this.items.keys()] });
    },
    getStorage: ({ key, success }: { key: string; success: (value: object) => void }) => {
      success({ data: this.items.get(key) });
    },
    setStorage: (options: { key: string; data: string; success: (value: object) => void }) => {
      this.items.set(options.key, options.data);
      options.success({});
    },
    removeStorage: ({ key, success }: { key: string; success: (value: object) => void }) => {
      this.items.delete(key);
      success({});
    },
    getNetworkType: ({ success }: { success: (value: NetworkStatus) => void }) => {
      success(this.network);
    },
    ...(Object.fromEntries(
      ['NetworkStatusChange', 'AppShow', 'AppHide'].flatMap((name) => [
        [`on${name}`, (listener: () => void) => this.listeners.set(name, listener)],
        [`off${name}`, () => this.listeners.delete(name)],
      ]),
    ) as object),
  };

  tell(name: string, event: unknown): void {
    this.listeners.get(name)?.(event as never);
  }
}

let fake: FakeApi;

const define = (name: 'wx' | 'my' | 'uni', changes: Partial<MiniProgramApi> = {}) => {
  vi.stubGlobal(name, { ...fake.api, ...changes });
};

beforeEach(() => {
  fake = new FakeApi();
  return () => {
    vi.unstubAllGlobals();
  };
});

describe('what it runs in is found by what there is', () => {
  test.each([
    [['wx'], 'wx'],
    [['my'], 'my'],
    [['uni'], 'uni'],
    [['uni', 'wx'], 'uni'],
    [['uni', 'my'], 'uni'],
  ] as const)('%s', (names, host) => {
    for (const name of names) define(name);
    expect(detectHost().name).toBe(host);
  });

  test('a page is a page, though uni-app and WeChat put their objects there', () => {
    for (const name of ['uni', 'wx'] as const) define(name);
    vi.stubGlobal('document', {});
    vi.stubGlobal('WebSocket', () => undefined);
    expect(detectHost().name).toBe('browser');
  });

  test('a `wx` without sockets is that of a page in WeChat', () => {
    vi.stubGlobal('wx', { miniProgram: {} });
    expect(() => detectHost()).toThrow('give the option `host`');
  });
});

const frame = Uint8Array.of(9, 1, 2, 255, 9).subarray(1, 4);
const events = { opened: () => undefined, received: () => undefined, closed: () => undefined };

function sentBy(host: Host): Options {
  const socket = host.openSocket('wss://chat.example.com/v1/socket', events);
  fake.tasks[0]?.listeners['open']?.();
  socket.send(frame);
  return fake.tasks[0]?.sent[0] ?? {};
}

test('WeChat gets a buffer of its own, never what a view is a view of', () => {
  define('wx');
  const { data } = sentBy(wxHost);
  expect(data).toEqual(Uint8Array.of(1, 2, 255).buffer);
  expect((data as ArrayBuffer).byteLength).toBe(3);
  expect(fake.sockets[0]).not.toHaveProperty('multiple');
});

test('a buffer that is whole is not copied', () => {
  const bytes = Uint8Array.of(1, 2);
  expect(ownBuffer(bytes)).toBe(bytes.buffer);
});

test('Alipay gets base64, and one socket of several', () => {
  define('my');
  expect(sentBy(myHost)).toMatchObject({ data: 'AQL/', isBuffer: true });
  expect(fake.sockets[0]).toMatchObject({ multiple: true });
});

test('uni-app talks to what is underneath, else to its own object', () => {
  define('uni', {
    connectSocket: () => {
      throw new Error('not this one');
    },
  });
  define('my');
  expect(sentBy(uniHost)).toMatchObject({ data: 'AQL/', isBuffer: true });
  vi.unstubAllGlobals();
  fake = new FakeApi();
  define('uni');
  expect(sentBy(uniHost)['data']).toEqual(Uint8Array.of(1, 2, 255).buffer);
});

test('a host that is not there says so', async () => {
  await expect(async () => wxHost.openStorage('a', () => undefined)).rejects.toThrow(
    'this is not a WeChat mini-program',
  );
});

describe('life cycle', () => {
  const watch = () => {
    const log: string[] = [];
    const lifecycle: LifecycleEvents = {
      online: (online) => log.push(`online ${online}`),
      network: (kind) => log.push(kind),
      background: (background) => log.push(`background ${background}`),
      probe: () => log.push('probe'),
    };
    return { log, stop: wxHost.watch(lifecycle) };
  };

  test('shown again, it looks whether the connection lives', () => {
    define('wx');
    const { log, stop } = watch();
    fake.tell('AppHide', {});
    fake.tell('AppShow', {});
    expect(log).toEqual(['wifi', 'online true', 'background true', 'background false', 'probe']);
    stop();
    fake.tell('AppHide', {});
    expect(log).toHaveLength(5);
    expect(fake.listeners.size).toBe(0);
  });

  test.each([
    [{ networkType: 'none' }, ['online false']],
    [{ networkType: 'NOTREACHABLE' }, ['online false']],
    [{ networkType: '4G' }, ['cellular', 'online true']],
    [{}, ['unknown', 'online true']],
  ])('the network %o is %s', (status, expected) => {
    fake.network = status;
    define('wx');
    expect(watch().log).toEqual(expected);
  });

  test('another network is looked at', () => {
    define('wx');
    const { log } = watch();
    fake.tell('NetworkStatusChange', { isConnected: false, networkType: 'none' });
    fake.tell('NetworkStatusChange', { isConnected: true, networkType: '5g' });
    expect(log.join()).toBe('wifi,online true,online false,probe,cellular,online true,probe');
  });

  test('a host that tells nothing is no trouble', () => {
    vi.stubGlobal('wx', { connectSocket: fake.api.connectSocket });
    const { log, stop } = watch();
    stop();
    expect(log).toEqual([]);
  });
});

describe('random bytes', () => {
  const distinct = (host: Host, count: number) =>
    new Set(Array.from({ length: count }, () => host.random().join())).size;

  test('differ where there is no source of them', () => {
    vi.stubGlobal('crypto', undefined);
    define('my');
    expect(myHost.random()).toHaveLength(32);
    expect(distinct(myHost, 1_000)).toBe(1_000);
  });

  test('are those of the host once it has given some, each once', async () => {
    vi.stubGlobal('crypto', undefined);
    vi.spyOn(Math, 'random').mockReturnValue(0);
    vi.spyOn(Date, 'now').mockReturnValue(0);
    const asked: number[] = [];
    define('wx', {
      getRandomValues: ({ length, success }) => {
        asked.push(length);
        const values = Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) % 256);
        success?.({ randomValues: values.buffer });
      },
    });
    await wxHost.openStorage('a', () => undefined);
    const first = wxHost.random();
    expect(first[31]).toBe((31 * 7) % 256);
    expect(wxHost.random()[31]).toBe((63 * 7) % 256);
    for (let n = 0; n < 40; n += 1) {
      wxHost.random();
      await Promise.resolve();
    }
    expect(asked.length).toBeGreaterThan(1);
    vi.restoreAllMocks();
  });

  test('are those of the platform where it has them', () => {
    const bytes = new Uint8Array(32).fill(7);
    vi.stubGlobal('crypto', { getRandomValues: () => bytes });
    define('wx');
    expect(wxHost.random()).toBe(bytes);
  });
});

test('the clock never goes back, and goes on after it was set back', () => {
  let now = 1_000;
  const clock = steadyClock(() => now);
  const first = clock();
  now = 1_010;
  expect(clock() - first).toBe(10);
  now = 200;
  expect(clock() - first).toBe(10);
  now = 230;
  expect(clock() - first).toBe(40);
});

test('failures of the storage say why, in the words of the host', async () => {
  define('my', {
    setStorage: ({ fail }) => {
      fail?.({ error: 12, errorMessage: 'the storage is full' });
    },
  });
  const storage = await myHost.openStorage('a', () => undefined);
  await expect(storage.write([['a', Uint8Array.of(1)]])).rejects.toThrow('the storage is full');
  define('my', {
    setStorage: ({ success }) => {
      success?.({ error: 14, errorMessage: 'called a success' });
    },
  });
  const other = await myHost.openStorage('a', () => undefined);
  await expect(other.write([['a', Uint8Array.of(1)]])).rejects.toThrow('called a success');
});
