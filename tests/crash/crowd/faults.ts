/** What breaks in a cycle, and is whole again at its end. */
import type { FaultProxy } from '../../support/fault-proxy.ts';
import type { Random } from '../../support/random.ts';
import type { Relay } from '../../support/relay.ts';
import type { Backend } from '../../support/backend.ts';

/** A relay, and the network before it. */
export interface Node {
  relay: Relay;
  network: FaultProxy;
}

/** How often each happened. */
export interface FaultCounts {
  /** A relay got SIGKILL. */
  relayKills: number;
  /** Every process of the database's server got SIGKILL. */
  databaseKills: number;
  /** The server was shut down immediately: no connection is finished, nothing is tidied up. */
  databaseStops: number;
  /** All connections to it were cut, in the middle of what they carried. */
  databaseCuts: number;
  /** What it answered did not arrive, then the connections were cut: it had committed or not. */
  answersLost: number;
  /** Connections of devices were cut in the middle of a frame. */
  deviceCuts: number;
}

export const noFaults = (): FaultCounts => ({
  relayKills: 0,
  databaseKills: 0,
  databaseStops: 0,
  databaseCuts: 0,
  answersLost: 0,
  deviceCuts: 0,
});

/** Bytes within which a connection is cut: some frames, or a few commits. */
const cut_bytes_max = 8_000;

/** Causes one fault, and heals it. */
export type Fault = (counts: FaultCounts) => Promise<void>;

/**
 * The fault of a cycle: all kinds in turn, so that even a few cycles see each of them. Between
 * two of the database's a relay is killed.
 */
export function faultOf(
  cycle: number,
  backend: Backend,
  nodes: readonly Node[],
  random: Random,
): Fault {
  const { relay } = random.pick(nodes);
  if (!backend.server || cycle % 2 === 1) return killRelay(relay);
  const inTurn = databaseFaults(backend.server, relay, random);
  return inTurn[(cycle / 2 - 1) % inTurn.length] ?? killRelay(relay);
}

const killRelay =
  (relay: Relay): Fault =>
  async (counts) => {
    counts.relayKills += 1;
    await relay.kill();
    await relay.start();
  };

function databaseFaults(
  { postgres, network }: NonNullable<Backend['server']>,
  relay: Relay,
  random: Random,
): Fault[] {
  const killServer: Fault = async (counts) => {
    counts.databaseKills += 1;
    await postgres.kill();
    await postgres.startAgain();
  };
  const stopServer: Fault = async (counts) => {
    counts.databaseStops += 1;
    await postgres.stop();
    await postgres.startAgain();
  };
  const cut: Fault = async (counts) => {
    counts.databaseCuts += 1;
    await network.cutAfter(random.pick(['up', 'down']), random.below(cut_bytes_max));
  };
  const loseAnswers: Fault = async (counts) => {
    counts.answersLost += 1;
    network.blackHole('down');
    // What it was sent before, it has done by the time it has answered somebody else.
    await postgres.execute('SELECT 1');
    network.cut();
    network.heal();
  };
  const killBoth: Fault = async (counts) => {
    counts.relayKills += 1;
    counts.databaseKills += 1;
    await Promise.all([relay.kill(), postgres.kill()]);
    await postgres.startAgain();
    await relay.start();
  };
  return [killServer, loseAnswers, cut, stopServer, killBoth, loseAnswers];
}
