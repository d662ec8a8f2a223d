import {
  createClient,
  type Client,
  type ClientOptions,
  type EventName,
  type Events,
} from 'seqline';
import { onTestFinished, vi } from 'vitest';

import type { FakeRelay } from './fake-relay.ts';

/** Alice's, of the app demo. Nobody checks the signature. */
export const TOKEN = `e30.${btoa(JSON.stringify({ app: 'demo', sub: 'alice' }))}.sig`;

/** A client that is disposed of when the test is finished. */
export function newClient(relay: FakeRelay, options: Partial<ClientOptions> = {}): Client {
  const client = createClient(relay.url, { token: TOKEN, backoffBaseMs: 10, ...options });
  onTestFinished(() => client.dispose());
  return client;
}

/** Keeps all events of one name. */
export function record<E extends EventName>(client: Client, name: E): Events[E][] {
  const events: Events[E][] = [];
  client.on(name, (event) => {
    events.push(event);
  });
  return events;
}

/** Waits for the next event of a name that fits. */
export function next<E extends EventName>(
  client: Client,
  name: E,
  fits: (event: Events[E]) => boolean = () => true,
): Promise<Events[E]> {
  return new Promise((resolve) => {
    const stop = client.on(name, (event) => {
      if (!fits(event)) return;
      stop();
      resolve(event);
    });
  });
}

/** Waits until something holds. */
export function until(check: () => boolean): Promise<void> {
  return vi.waitFor(
    () => {
      if (!check()) throw new Error(`not yet: ${check.toString()}`);
    },
    { timeout: 30_000, interval: 5 },
  );
}

/** A client that listens for messages, connected and caught up. */
export async function connectedClient(
  relay: FakeRelay,
  options: Partial<ClientOptions> = {},
): Promise<{ client: Client; messages: Events['message'][] }> {
  const client = newClient(relay, options);
  const messages = record(client, 'message');
  const synced = next(client, 'synced');
  await client.connect();
  await synced;
  return { client, messages };
}
