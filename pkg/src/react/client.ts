import { createContext, createElement, useContext, type ReactElement, type ReactNode } from 'react';

import { storesOf } from '../stores.js';
import type { Client } from '../types.js';

const ClientContext = createContext<Client | undefined>(undefined);

/** What `SeqlineProvider` takes. */
export interface SeqlineProviderProps {
  /** Made once, outside of components; disposed of by whoever made it. */
  client: Client;
  children?: ReactNode;
}

/**
 * Gives the client to the components below. Best there before `connect()`: own messages that wait
 * in the outbox are told of only once.
 */
export function SeqlineProvider({ client, children }: SeqlineProviderProps): ReactElement {
  // Makes them for the first one only.
  storesOf(client);
  return createElement(ClientContext.Provider, { value: client }, children);
}

/**
 * The client of the nearest `SeqlineProvider`.
 * @throws if there is none
 */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) {
    throw new Error('seqline: there is no client here; wrap it in <SeqlineProvider client={…}>');
  }
  return client;
}
