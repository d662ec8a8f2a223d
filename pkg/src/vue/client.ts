import { inject, provide, type InjectionKey, type Plugin } from 'vue';

import { storesOf } from '../stores.js';
import type { Client } from '../types.js';

const clientKey: InjectionKey<Client> = Symbol('seqline');

/**
 * A plugin that gives the client to all components of an app: `app.use(seqline(client))`.
 * Best before `connect()`: own messages that wait in the outbox are told of only once.
 */
export function seqline(client: Client): Plugin {
  storesOf(client);
  return {
    install: (app) => {
      app.provide(clientKey, client);
    },
  };
}

/** Gives the client to the components below this one: for pages with several, one after the other. */
export function provideClient(client: Client): void {
  storesOf(client);
  provide(clientKey, client);
}

/**
 * The client of this app, or of the nearest component that provides one.
 * @throws if there is none
 */
export function useClient(): Client {
  const client = inject(clientKey, undefined);
  if (!client) {
    throw new Error('seqline: there is no client here; call app.use(seqline(client)) first');
  }
  return client;
}
