/** The databases that faults are tried on: what a relay is given, and how to look inside. */
import { FaultProxy } from './fault-proxy.ts';
import { Postgres } from './postgres.ts';
import type { Relay } from './relay.ts';
import { querySqlite } from './sqlite.ts';

export const backends = ['sqlite', 'postgres'] as const;
export type BackendName = (typeof backends)[number];

export interface Backend {
  readonly name: BackendName;
  /** For the relay's `--database`; undefined for a file in its data folder. */
  readonly url: string | undefined;
  /** How its SQL names what the databases name differently. */
  readonly words: { users: string; body: string; recalled: string };
  /** The server, where there is one, and the network before it. */
  readonly server?: { postgres: Postgres; network: FaultProxy };
  /** The rows of a query on what is stored, past the relay. */
  query<Row>(sql: string, relay: Relay): Promise<Row[]>;
  dispose(): Promise<void>;
}

export async function openBackend(name: BackendName): Promise<Backend> {
  return name === 'sqlite' ? sqlite : openPostgres();
}

const sqlite: Backend = {
  name: 'sqlite',
  url: undefined,
  words: { users: 'user', body: 'm.body', recalled: 'm.recalled = 1' },
  query: (sql, relay) => querySqlite(relay.file, sql),
  dispose: () => Promise.resolve(),
};

/** The URL of a server that is reached through a proxy. */
export const postgresBehind = ({ port }: FaultProxy): string =>
  `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;

async function openPostgres(): Promise<Backend> {
  const postgres = await Postgres.start();
  // Through a proxy, so that connections can be cut without the server.
  const network = await FaultProxy.start(() => postgres.socket);
  return {
    name: 'postgres',
    url: postgresBehind(network),
    words: {
      users: 'users',
      body: `convert_from(m.body, 'UTF8')`,
      recalled: 'm.is_recalled',
    },
    server: { postgres, network },
    query: (sql) => postgres.query(sql),
    dispose: async () => {
      await network.stop();
      await postgres.dispose();
    },
  };
}
