/** An operator who works over the HTTP API. */
import { callApi } from '../support/api.ts';
import type { Relay } from '../support/relay.ts';
import { devToken, secondsFromNow, signToken } from '../support/tokens.ts';

/** What the API gives of a broadcast, as far as tests look into it. */
export interface OperatorsBroadcast {
  id: number;
  revision: number;
  state: string;
}

export class Operator {
  readonly #relay: Relay;
  readonly #token: string;

  /** For an app whose secret the relay was started with. */
  static of(relay: Relay, app: string, secret: string): Operator {
    const claims = { app, sub: 'olga', scope: 'operator', exp: secondsFromNow(3_600) };
    return new Operator(relay, signToken(claims, secret));
  }

  /** For the app of a relay in development mode. */
  static async inDevelopment(relay: Relay): Promise<Operator> {
    return new Operator(relay, await devToken(relay.url, 'olga', { scope: 'operator' }));
  }

  private constructor(relay: Relay, token: string) {
    this.#relay = relay;
    this.#token = token;
  }

  /** Makes one and shows it to everyone whom it is for. */
  async publish(title: string, more: object = {}): Promise<OperatorsBroadcast> {
    const draft = await this.call('create', {
      content: { title, body: `About ${title}` },
      ...more,
    });
    return this.call('publish', named(draft));
  }

  /** One of its steps: `recall`, `stop` … */
  step(
    name: string,
    broadcast: OperatorsBroadcast,
    more: object = {},
  ): Promise<OperatorsBroadcast> {
    return this.call(name, { ...named(broadcast), ...more });
  }

  async call(method: string, params: object): Promise<OperatorsBroadcast> {
    return callApi(this.#relay.url, this.#token, `broadcasts.${method}`, params);
  }
}

const named = ({ id, revision }: OperatorsBroadcast) => ({ id, revision });
