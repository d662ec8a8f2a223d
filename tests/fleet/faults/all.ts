import type { Fault } from '../scene.ts';
import { databaseFaults } from './database.ts';
import { natsFaults } from './nats.ts';
import { relayFaults } from './relays.ts';
import { rollingRestart } from './rolling.ts';
import { sessionFaults } from './sessions.ts';

/** Everything that can happen to a fleet, once. */
export function faultsOf(bus: 'nats' | 'postgres'): readonly Fault[] {
  return [
    ...relayFaults,
    ...(bus === 'nats' ? natsFaults : []),
    ...databaseFaults,
    ...sessionFaults,
    rollingRestart,
  ];
}
