/** An operator who works over the HTTP API. */
import type { Relay } from '../support/relay.ts';
import { signToken, secondsFromNow } from '../support/tokens.ts';

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
  constructor(relay: Relay, app: string, secret: string) {
    const claims = { app, sub: 'olga', scope: 'operator', exp: secondsFromNow(3_600) };
    this.#relay = relay;
    this.#token = signToken(claims, secret);
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
    const response = await fetch(`${this.#relay.url}/v1/broadcasts/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
      body: JSON.stringify(params),
    });
    if (!response.ok) throw new Error(`broadcasts.${method}: ${await response.text()}`);
    return (await response.json()) as OperatorsBroadcast;
  }
}

const named = ({ id, revision }: OperatorsBroadcast) => ({ id, revision });
