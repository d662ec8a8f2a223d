/** The connection, and what a page says about it. */
import type { Client, ConnectionState, Events } from '../types.js';
import { View, type Observable } from './observable.js';

/** The connection, with what it was before. */
export interface Connection {
  state: ConnectionState;
  /** When that state was told, by this device's clock; 0 before anything was told. */
  since: number;
  /** When the next attempt is due; absent while none is planned. */
  retryAt?: number;
  /** Whether there was a connection since the client was made. */
  wasConnected: boolean;
  /** Why the relay ended the session, while it is ended. */
  kicked?: Events['kicked'];
}

const INITIAL: Connection = {
  state: { state: 'disconnected', reason: 'initial' },
  since: 0,
  wasConnected: false,
};

/** Listens as long as there is the client: nothing waits for it. */
export function connectionStore(client: Client): Observable<Connection> {
  let kicked: Events['kicked'] | undefined;
  let now = INITIAL;
  const view = new View({ initial: INITIAL, read: () => now });
  const tell = (state: ConnectionState) => {
    const since = Date.now();
    const retryInMs = state.state === 'connecting' ? state.retryInMs : 0;
    if (state.state !== 'disconnected') kicked = undefined;
    now = {
      state,
      since,
      wasConnected: now.wasConnected || state.state === 'connected',
      ...(retryInMs > 0 ? { retryAt: since + retryInMs } : {}),
      ...(kicked ? { kicked } : {}),
    };
    view.changed();
  };
  client.on('state', tell);
  client.on('kicked', (event) => {
    kicked = event;
    // Told before or after the state that it explains.
    if (now.state.state === 'disconnected') tell(now.state);
  });
  if (client.state.state !== 'disconnected' || client.state.reason !== 'initial') {
    tell(client.state);
  }
  return view;
}
