/** A relay, a network that is in the way, and clients on it, for one test. */
import {
  createClient,
  nodeHost,
  type Client,
  type ClientOptions,
  type LifecycleEvents,
} from 'seqline/node';
import { expect, onTestFinished } from 'vitest';

import { FaultProxy } from '../support/fault-proxy.ts';
import { Gateway, type Upgrades } from '../support/gateway.ts';
import { Ledger, type Seen } from '../support/ledger.ts';
import { Relay } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { directConversation, Wire } from '../support/wire.ts';

/** Somebody's device on the network. */
export class Participant {
  readonly seen: Seen[] = [];
  readonly client: Client;
  readonly user: string;
  readonly #lifecycle: () => LifecycleEvents | undefined;

  constructor(user: string, url: string, options: ClientOptions) {
    this.user = user;
    let lifecycle: LifecycleEvents | undefined;
    this.#lifecycle = () => lifecycle;
    const host = {
      ...nodeHost,
      watch: (events: LifecycleEvents) => {
        lifecycle = events;
        return () => undefined;
      },
    };
    this.client = createClient(url, { host, backoffBaseMs: 50, backoffMaxMs: 500, ...options });
    this.client.on('message', ({ sender, body }) => {
      this.seen.push({ sender, text: body as string });
    });
  }

  /** As when it moves from one network to another. */
  changeNetwork(): void {
    this.#lifecycle()?.probe();
  }

  get transport(): string | undefined {
    const { state } = this.client;
    return state.state === 'connected' ? state.transport : undefined;
  }

  async connectedBy(transport: 'socket' | 'polling'): Promise<void> {
    await expect.poll(() => this.transport, { message: this.user }).toBe(transport);
  }
}

export class World {
  readonly relay: Relay;
  readonly gateway: Gateway;
  /** Before the gateway: what it does to bytes, it does to everything. */
  readonly network: FaultProxy;
  readonly ledger = new Ledger();
  readonly #participants: Participant[] = [];

  static async create(upgrades: Upgrades): Promise<World> {
    const relay = await Relay.start();
    const gateway = await Gateway.start(() => relay.port);
    gateway.upgrades = upgrades;
    const world = new World(relay, gateway, await FaultProxy.start(() => gateway.port));
    onTestFinished(() => world.#dispose());
    return world;
  }

  private constructor(relay: Relay, gateway: Gateway, network: FaultProxy) {
    this.relay = relay;
    this.gateway = gateway;
    this.network = network;
  }

  async join(user: string, options: Partial<ClientOptions> = {}): Promise<Participant> {
    const token = await devToken(this.relay.url, user);
    const participant = new Participant(user, this.network.url, { token, ...options });
    this.#participants.push(participant);
    await participant.client.connect();
    return participant;
  }

  /** Sends so many messages to the other, without waiting. */
  write(from: Participant, to: Participant, texts: readonly string[]): void {
    for (const text of texts) {
      this.ledger.add(from.user, text);
      void from.client.send({ to: { user: to.user }, body: text });
    }
  }

  /** Waits until both have all of it, and compares that with what is stored. */
  async settled(one: Participant, other: Participant): Promise<void> {
    for (const { user, seen } of [one, other]) {
      await expect.poll(() => this.ledger.problems(user, seen)).toEqual([]);
    }
    const token = await devToken(this.relay.url, one.user);
    const wire = await Wire.connect(this.relay.url, token, 'auditor');
    const stored = await wire.history(directConversation(one.user, other.user));
    wire.drop();
    this.ledger.check({ stored, [one.user]: one.seen, [other.user]: other.seen });
  }

  async #dispose(): Promise<void> {
    this.network.heal();
    await Promise.all(this.#participants.map(({ client }) => client.dispose()));
    await this.network.stop();
    await this.gateway.stop();
    await this.relay.dispose();
  }
}
