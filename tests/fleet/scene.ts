/** What a fault finds: the fleet, those who use it, and ways to wait for what they notice. */
import type { Crowd } from '../support/crowd/crowd.ts';
import type { Device } from '../support/crowd/device.ts';
import type { NatsCluster } from '../support/nats.ts';
import type { Postgres } from '../support/postgres.ts';
import type { Random } from '../support/random.ts';
import type { Balancer } from './balancer.ts';
import type { FleetNode } from './node.ts';

export interface Scene {
  /** For choices of faults alone, so that a seed repeats them. */
  readonly random: Random;
  readonly nodes: readonly FleetNode[];
  readonly postgres: Postgres;
  /** None if the database is the bus. */
  readonly cluster: NatsCluster | undefined;
  readonly crowd: Crowd;
  /** The load balancer before a device. */
  before(device: Device): Balancer;
  /** Devices whose newest connection went there. */
  devicesOn(node: FleetNode): Device[];
  /** Calls a method as the app's server, at this node. */
  call(node: FleetNode, method: string, params: object): Promise<void>;
  /** Waits for something that a device notices. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Waits for so many more acknowledgements. */
  acknowledged(count: number): Promise<void>;
  /** Waits for so many messages that were written and cannot be acknowledged. */
  unacknowledged(count: number): Promise<void>;
  /** Holds the load, and waits until everybody has everything: while a fault lasts. */
  complete(): Promise<void>;
  /** For the report: how long a device was without a connection in a rolling restart. */
  noteOutage(length_ms: number, attempts: number): void;
}

/** What goes wrong, and is whole again at its end. */
export interface Fault {
  readonly name: string;
  run(scene: Scene): Promise<void>;
}
