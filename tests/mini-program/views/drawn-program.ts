/**
 * A mini-program with what its user sees: its pages are drawn from their templates, with the
 * components in them, and what is drawn can be touched.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MiniProgram } from '../sandbox/sandbox.ts';
import type { DeviceStorage } from '../sandbox/storage.ts';
import type { CallbackOptions } from '../sandbox/sockets.ts';
import { alipayLifecycle, alipayMarkup, beginAlipayPage } from './alipay.ts';
import { Definitions } from './definitions.ts';
import { Instance, type Found, type Lifecycle, type Method, type Options } from './instance.ts';
import { beginWeChatPage, weChatLifecycle, weChatMarkup } from './wechat.ts';

interface Host {
  suffix: string;
  markup: typeof weChatMarkup;
  lifecycle: Lifecycle;
  begin(page: Instance, query: Record<string, string>): void;
}

const HOSTS: Record<'wx' | 'my', Host> = {
  wx: {
    suffix: '.wxml',
    markup: weChatMarkup,
    lifecycle: weChatLifecycle,
    begin: beginWeChatPage,
  },
  my: {
    suffix: '.axml',
    markup: alipayMarkup,
    lifecycle: alipayLifecycle,
    begin: beginAlipayPage,
  },
};

export interface DrawnProgramOptions {
  host: 'wx' | 'my';
  /** Where the app's package is on this machine. */
  folder: string;
  /** What the device has kept of an earlier run. Default: nothing. */
  storage?: DeviceStorage;
  /** Default: `packaged` in WeChat, `none` in Alipay. */
  wasm?: 'packaged' | 'none';
}

export class DrawnProgram {
  readonly program: MiniProgram;
  readonly #options: DrawnProgramOptions;
  readonly #host: Host;
  readonly #definitions: Definitions;
  readonly #pages: Instance[] = [];
  #app: Options | undefined;
  /** What the user will choose from the next menu. */
  #choice: string | undefined;

  /** Starts the app, with its first page in front. */
  static start(options: DrawnProgramOptions): DrawnProgram {
    return new DrawnProgram(options);
  }

  private constructor(options: DrawnProgramOptions) {
    const { folder, host } = options;
    this.#options = options;
    this.#host = HOSTS[host];
    this.program = MiniProgram.start({ ...options, api: this.#navigation() });
    this.#definitions = new Definitions(folder, this.#host, (script) => {
      this.program.require(script);
    });
    this.program.realm.define(this.#globals());

    this.program.require('app.js');
    const { pages } = JSON.parse(readFileSync(join(folder, 'app.json'), 'utf8')) as {
      pages: string[];
    };
    // All of them run when the app starts, as there is no lazy loading.
    for (const path of pages) this.#definitions.get(path);
    const [first = ''] = pages;
    this.#tellApp('onLaunch', { path: first, query: {}, scene: 1001 });
    this.#tellApp('onShow', { path: first, query: {}, scene: 1001 });
    this.#open(first, {});
  }

  /** Everything of this `data-testid` in the page in front. */
  find(testId: string): Found[] {
    return this.#front.find(testId);
  }

  /** Touches something: it, or what it is in, hears of it. @returns once it has */
  async tap({ path, owner }: Found): Promise<void> {
    const handler = path.map(({ handlers }) => handlers['tap']).find((each) => each !== undefined);
    if (handler === undefined) throw new Error('nobody listens to a tap there');
    await this.#happen(owner, handler, 'tap', {});
  }

  /** Writes into a text field. @returns once it has heard of it */
  async input({ drawn, owner }: Found, value: string): Promise<void> {
    const handler = drawn.handlers['input'];
    if (handler === undefined) throw new Error(`nobody listens to what is written in ${drawn.tag}`);
    await this.#happen(owner, handler, 'input', { value, cursor: value.length });
  }

  /** The next menu that comes is answered so. */
  willChoose(item: string): void {
    this.#choice = item;
  }

  back(): void {
    this.#close();
    this.#front.call('onShow');
  }

  /** The user looks at something else, for five seconds and more: nothing of the app runs. */
  hide(): void {
    this.#front.call('onHide');
    this.#tellApp('onHide', {});
    this.program.device.hide();
  }

  /** Those five seconds are over. @param told whether sockets hear of it */
  suspend(told: boolean): void {
    this.program.device.suspend(told);
  }

  show(): void {
    this.program.device.show();
    this.#tellApp('onShow', { path: this.#front.definition.path, query: {}, scene: 1001 });
    this.#front.call('onShow');
  }

  /** The system has ended it, and the user starts it again. */
  restart(): DrawnProgram {
    this.stop();
    return new DrawnProgram({ ...this.#options, storage: this.program.storage });
  }

  stop(): void {
    this.program.close();
  }

  get #front(): Instance {
    const page = this.#pages.at(-1);
    if (!page) throw new Error('the app has no page in front');
    return page;
  }

  #globals(): Options {
    return {
      App: (options: Options) => {
        this.#app = options;
      },
      Page: this.#definitions.register,
      Component: this.#definitions.register,
      Behavior: (options: Options) => options,
      getApp: () => this.#app,
      getCurrentPages: () => {
        // An array of the script's world.
        const pages = this.program.realm.run('[]') as unknown[];
        pages.push(...this.#pages.map(({ scope }) => scope));
        return pages;
      },
    };
  }

  #navigation(): Options {
    type Going = { url: string } & CallbackOptions;
    const succeed = (options: CallbackOptions, value: object = {}) => {
      const result = { errMsg: 'ok', ...value };
      this.program.realm.post(options.success, result);
      this.program.realm.post(options.complete, result);
    };
    const go = (closed: () => number) => (options: Going) => {
      this.#post(() => {
        const [path = '', search = ''] = options.url.replace(/^\//, '').split('?');
        if (closed() === 0) this.#front.call('onHide');
        for (let left = closed(); left > 0; left -= 1) this.#close();
        this.#open(path, queryOf(search));
        succeed(options);
      });
    };
    return {
      navigateTo: go(() => 0),
      redirectTo: go(() => 1),
      reLaunch: go(() => this.#pages.length),
      navigateBack: (options: CallbackOptions = {}) => {
        this.#post(() => {
          this.back();
          succeed(options);
        });
      },
      showActionSheet: (options: { itemList?: string[]; items?: string[] } & CallbackOptions) => {
        const items = options.itemList ?? options.items ?? [];
        const index = items.indexOf(this.#choice ?? '');
        this.#choice = undefined;
        // WeChat's name of it, and Alipay's.
        succeed(options, { tapIndex: index, index });
      },
    };
  }

  #open(path: string, query: Record<string, string>): void {
    const definition = this.#definitions.get(path);
    const page = new Instance(definition, this.#host.lifecycle, (callback) => {
      this.#post(callback);
    });
    this.#pages.push(page);
    this.#host.begin(page, query);
  }

  #close(): void {
    const page = this.#pages.pop();
    page?.call('onUnload');
    page?.remove();
  }

  #tellApp(name: string, event: unknown): void {
    (this.#app?.[name] as Method | undefined)?.call(this.#app, event);
  }

  #happen(owner: Instance, handler: string, type: string, detail: object): Promise<void> {
    const target = { dataset: {}, id: '' };
    return new Promise((resolve) => {
      this.#post(() => {
        owner.call(handler, { type, target, currentTarget: target, detail, timeStamp: Date.now() });
        // uni-app puts some of its handlers off by a timer that is due at once: ours comes after it.
        setTimeout(resolve);
      });
    });
  }

  /** Callbacks of the host come in a later turn. */
  #post(callback: () => void): void {
    this.program.realm.post(callback);
  }
}

/** As hosts give it: nothing is decoded. */
function queryOf(search: string): Record<string, string> {
  const pairs = search.split('&').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return [name, value] as const;
    }),
  );
}
