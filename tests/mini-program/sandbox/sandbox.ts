/**
 * A mini-program that runs without its host: in a world that offers what the real host offers and
 * nothing else, with its semantics. Sockets, requests and storage are real.
 *
 * ```ts
 * const app = MiniProgram.start({ host: 'wx', folder });   // `folder` has the app's files, as built
 * app.launch('app.js');                                     // runs it; then `onLaunch`, `onShow`
 * const page = app.open('pages/chat/chat', { conv: 'dm:alice:bob' });
 * await app.until(() => page.data.rows?.length === 1);      // what it has set, under the names it gave
 * page.dispatch('onSend', { detail: { value: 'Hello' } });  // a handler, by its name
 * app.hide(); app.suspend({ told: false });                 // five seconds in the background
 * app.show();
 * const again = app.restart();                              // ended by the system, opened again
 * again.close();
 * ```
 *
 * What is there: `wx` or `my`, `App`, `Page`, `Component`, `getApp`, `getCurrentPages`, `require` of
 * the package's own files, timers, `console`; in WeChat `WXWebAssembly` for `.wasm` and `.wasm.br` of
 * the package, unless `wasm: 'none'`. What is not: `eval`, `Function` of text, `WebAssembly`,
 * `fetch`, `URL`, `TextDecoder`, `atob`, `crypto`, `performance`, `queueMicrotask`, `window`,
 * `document`, `process`, modules of Node. Callbacks come in a later turn. Buffers are copied.
 *
 * A page's data is what the script has set; nothing is drawn, and components within a page are not
 * made. Handlers that a framework makes (uni-app: `e0`) are functions of the page under the name
 * that its data says: `page.dispatch(page.data.a)`.
 */
import { expect } from 'vitest';

import { Device } from './device.ts';
import { makeMy, myDialect, myNetwork, type AlipayBytes } from './my.ts';
import { PackageFiles } from './package-files.ts';
import { packagedWasm } from './packaged-wasm.ts';
import { Pages, type PageInstance } from './pages.ts';
import { Realm } from './realm.ts';
import { Requests } from './requests.ts';
import { Sockets } from './sockets.ts';
import { ALIPAY_QUOTA, DeviceStorage, WECHAT_QUOTA } from './storage.ts';
import { makeUi, type UiCall } from './ui.ts';
import { makeUni } from './uni.ts';
import { makeWx, wxDialect, wxNetwork } from './wx.ts';

export interface MiniProgramOptions {
  host: 'wx' | 'my';
  /** Where the app's package is on this machine. */
  folder: string;
  /** Default: `packaged` in WeChat, `none` in Alipay. */
  wasm?: 'packaged' | 'none';
  /** What the device has kept of an earlier run. Default: nothing. */
  storage?: DeviceStorage;
  /** Taken from the API object, or put in the place of something: an older host, for one. */
  api?: Record<string, unknown>;
  /** How Alipay gives bytes. Default: `base64`. */
  bytes?: AlipayBytes;
  /** Whether there is uni-app's object, too, which its compiler brings. Default: no. */
  hasUni?: boolean;
}

export class MiniProgram {
  readonly realm: Realm;
  readonly storage: DeviceStorage;
  readonly sockets: Sockets;
  readonly device: Device;
  readonly pages: Pages;
  /** `wx` or `my`. */
  readonly api: Record<string, unknown>;
  /** Toasts, titles and the like, oldest first. */
  readonly shown: UiCall[] = [];
  readonly #options: MiniProgramOptions;
  readonly #files: PackageFiles;

  static start(options: MiniProgramOptions): MiniProgram {
    return new MiniProgram(options);
  }

  private constructor(options: MiniProgramOptions) {
    const { host, folder, wasm = host === 'wx' ? 'packaged' : 'none', bytes = 'base64' } = options;
    const isAlipay = host === 'my';
    this.#options = options;
    this.storage = options.storage ?? new DeviceStorage(isAlipay ? ALIPAY_QUOTA : WECHAT_QUOTA);
    this.realm = new Realm({ hasGlobalThis: !isAlipay });
    this.#files = new PackageFiles(folder, this.realm);
    this.pages = new Pages(this.realm, (route) => this.#files.require(`${route}.js`));

    const dialect = isAlipay ? myDialect(bytes) : wxDialect(this.realm);
    this.sockets = new Sockets(this.realm, dialect);
    const requests = new Requests(this.realm);
    const { realm, sockets, storage } = this;
    const network = isAlipay ? myNetwork : wxNetwork;
    this.device = new Device({ realm, sockets, requests, network });
    const parts = { realm, sockets, requests, storage, device: this.device };
    this.api = {
      ...makeUi(realm, this.pages, this.shown),
      ...(isAlipay ? makeMy(parts) : makeWx(parts)),
      ...options.api,
    };
    this.realm.define({
      [host]: this.api,
      // A plain object, in both: uni-app puts its functions there.
      global: {},
      ...this.pages.globals(),
      ...(wasm === 'packaged' ? { WXWebAssembly: packagedWasm(this.#files) } : {}),
      ...(options.hasUni ? { uni: makeUni(this.api, isAlipay) } : {}),
    });
  }

  /** Runs a file of the package. @returns its exports */
  require(path: string): unknown {
    return this.#files.require(path);
  }

  /** Runs the app's script, and tells it that it is launched and shown. */
  launch(path: string): void {
    this.#files.require(path);
    const event = { path: '', query: {}, scene: 1001 };
    this.pages.tellApp('onLaunch', event);
    this.pages.tellApp('onShow', event);
  }

  /** Opens a page over what is in view, by its path without `.js`. */
  open(route: string, query: Record<string, string> = {}): PageInstance {
    return this.pages.open(route, query);
  }

  /** The user looks at something else: everything goes on for five seconds. */
  hide(): void {
    this.device.hide();
    this.pages.tellApp('onHide', {});
  }

  /** Those seconds are over, at once. */
  suspend({ told }: { told: boolean }): void {
    this.device.suspend(told);
  }

  show(): void {
    this.device.show();
    this.pages.tellApp('onShow', { path: '', query: {}, scene: 1001 });
  }

  /** The system ends it without a word. What it kept is there in the next one. */
  restart(): MiniProgram {
    this.close();
    return new MiniProgram({ ...this.#options, storage: this.storage });
  }

  close(): void {
    this.device.end();
  }

  /** Waits until something holds; what scripts threw meanwhile fails it. */
  async until(check: () => boolean): Promise<void> {
    await expect
      .poll(
        () => {
          expect(this.realm.errors.map(String)).toEqual([]);
          return check();
        },
        { interval: 5 },
      )
      .toBe(true);
  }
}
