/** Mini-programs with the packed package in them, a relay, and networks that can fail. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type * as Seqline from 'seqline/mp';
import { onTestFinished } from 'vitest';

import { pack, run } from '../package/project.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { MiniProgram, type MiniProgramOptions } from './sandbox/sandbox.ts';

/** The folder that WeChat's tools copy out of the installed package. */
const FOLDER = 'miniprogram_npm/seqline';

export interface MemberOptions {
  app: Omit<MiniProgramOptions, 'folder'>;
  client?: Partial<Seqline.ClientOptions>;
}

export class World {
  readonly relay: Relay;
  /** The package of an app that has nothing in it but ours. */
  readonly folder: string;

  static async create(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'seqline-mini-program-'));
    const packed = await pack(folder);
    await run(folder, 'tar', '-xzf', packed.path);
    await mkdir(join(folder, FOLDER), { recursive: true });
    await cp(join(folder, 'package/dist/mp'), join(folder, FOLDER), { recursive: true });
    await rm(join(folder, 'package'), { recursive: true });
    return new World(folder, await Relay.start());
  }

  private constructor(folder: string, relay: Relay) {
    this.folder = folder;
    this.relay = relay;
  }

  async dispose(): Promise<void> {
    await this.relay.dispose();
    await rm(this.folder, { recursive: true });
  }

  /** Somebody with the mini-program, behind a network of her own. Gone with the test. */
  async member(name: string, options: MemberOptions): Promise<Member> {
    const proxy = await FaultProxy.start(() => this.relay.port);
    const token = await devToken(this.relay.url, name);
    const app = MiniProgram.start({ folder: this.folder, ...options.app });
    const member = new Member(app, proxy, { token, ...options.client });
    onTestFinished(async () => {
      member.app.close();
      await proxy.stop();
    });
    return member;
  }
}

/** One who writes, and keeps what she is handed. */
export class Member {
  readonly proxy: FaultProxy;
  /** Bodies of messages of others, in the order in which they were handed over. */
  readonly heard: string[] = [];
  readonly errors: Seqline.Events['error'][] = [];
  readonly statuses: Seqline.Events['status'][] = [];
  readonly #options: Seqline.ClientOptions;
  #app: MiniProgram;
  #client: Seqline.Client;

  constructor(app: MiniProgram, proxy: FaultProxy, options: Seqline.ClientOptions) {
    this.#app = app;
    this.proxy = proxy;
    this.#options = { backoffBaseMs: 20, backoffMaxMs: 200, connectTimeoutMs: 2_000, ...options };
    this.#client = this.#makeClient();
  }

  get app(): MiniProgram {
    return this.#app;
  }

  get client(): Seqline.Client {
    return this.#client;
  }

  get seqline(): typeof Seqline {
    return this.#app.require(`${FOLDER}/index.js`) as typeof Seqline;
  }

  /** The system ends the app; the user opens it again. */
  restart(): void {
    this.#app = this.#app.restart();
    this.#client = this.#makeClient();
  }

  async says(user: string, text: string): Promise<void> {
    await this.#client.send({ to: { user }, body: text });
  }

  /** Waits until these texts, and no others, were handed over. */
  async hears(...texts: string[]): Promise<void> {
    const heard = () => this.heard.length >= texts.length;
    await this.#app.until(heard);
    if (this.heard.join() !== texts.join()) {
      throw new Error(`heard ${this.heard.join()}, not ${texts.join()}`);
    }
  }

  #makeClient(): Seqline.Client {
    const client = this.seqline.createClient(this.proxy.url, this.#options);
    client.on('message', ({ own, body }) => {
      if (!own) this.heard.push(body as string);
    });
    client.on('error', (error) => {
      this.errors.push(error);
    });
    client.on('status', (status) => {
      this.statuses.push(status);
    });
    return client;
  }
}
