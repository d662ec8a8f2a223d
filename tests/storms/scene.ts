/** What the storms have in common: a relay that is watched, and writers that do not wait. */
import { performance } from 'node:perf_hooks';

import { Relay, type RelayOptions } from '../support/relay.ts';
import { devToken } from '../support/tokens.ts';
import { Wire } from '../support/wire.ts';
import { database_files_max, held } from '../soak/relay/resources.ts';

/** What came of a storm: figures to show, by name. */
export type Figures = Record<string, string>;

/** Messages that one writer has under way: fewer than the relay reads ahead. */
const window = 32;
/** Wires do not ping, least of all those that do not even read. */
const silence_ms_max = 3_000_000;
const sample_every_ms = 200;
const files_timeout_ms = 60_000;
const poll_ms = 50;
const connecting_max = 50;

export class Scene {
  readonly relay: Relay;
  readonly #before: { resident_kib: number; descriptors: number };
  #peak_kib = 0;
  readonly #sampling: NodeJS.Timeout;
  readonly #wires: Wire[] = [];

  static async open(options: RelayOptions = {}): Promise<Scene> {
    const args = [
      ...(options.args ?? []),
      ...['--heartbeat-interval-ms', String(silence_ms_max)],
      // Few write as much as many would.
      ...['--rate-limits', 'false'],
    ];
    const relay = await Relay.start({ ...options, args, log: 'warn' });
    return new Scene(relay, await held(relay.pid ?? 0));
  }

  private constructor(relay: Relay, before: { resident_kib: number; descriptors: number }) {
    this.relay = relay;
    this.#before = before;
    this.#sampling = setInterval(() => {
      void this.#sample();
    }, sample_every_ms);
  }

  async wire(user: string, device = 'wire'): Promise<Wire> {
    const wire = await Wire.connect(this.relay.url, await devToken(this.relay.url, user), device);
    this.#wires.push(wire);
    return wire;
  }

  /** One for each user, not all at the same moment. */
  async wires(users: readonly string[]): Promise<Wire[]> {
    const all: Wire[] = [];
    for (let from = 0; from < users.length; from += connecting_max) {
      const some = users.slice(from, from + connecting_max);
      all.push(...(await Promise.all(some.map((user) => this.wire(user)))));
    }
    return all;
  }

  /** All connections that the scene made end; then the relay must have let go of them. */
  async leave(): Promise<Figures> {
    await this.#sample();
    for (const wire of this.#wires) wire.drop();
    const end_ms = performance.now() + files_timeout_ms;
    for (;;) {
      const after = await held(this.relay.pid ?? 0);
      if (after.descriptors <= this.#before.descriptors + database_files_max) {
        return {
          'relay, resident memory before': mib(this.#before.resident_kib),
          'at its peak': mib(this.#peak_kib),
          'when all had left': mib(after.resident_kib),
          'open files before and after': `${this.#before.descriptors}, ${after.descriptors}`,
        };
      }
      if (performance.now() > end_ms) {
        throw new Error(
          `open files: ${this.#before.descriptors} before, ${after.descriptors} after`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, poll_ms));
    }
  }

  async dispose(): Promise<void> {
    clearInterval(this.#sampling);
    for (const wire of this.#wires) wire.drop();
    await this.relay.dispose();
  }

  async #sample(): Promise<void> {
    const { pid } = this.relay;
    if (pid === undefined) return;
    this.#peak_kib = Math.max(this.#peak_kib, (await held(pid)).resident_kib);
  }
}

/** Writes numbered messages as fast as the relay takes them, and returns when all are stored. */
export async function write(
  wire: Wire,
  sender: string,
  to: Readonly<Record<string, string>>,
  texts: Iterable<string>,
): Promise<void> {
  let [number, underWay] = [0, 0];
  const stored = async (): Promise<void> => {
    await wire.next('sent');
    underWay -= 1;
  };
  for (const body of texts) {
    if (underWay === window) await stored();
    underWay += 1;
    wire.send({ send: { client_msg_id: `${sender}-${++number}`, to, kind: 'text', body } });
  }
  while (underWay > 0) await stored();
}

export const seconds = (since_ms: number): string =>
  `${((performance.now() - since_ms) / 1_000).toFixed(1)} s`;

const mib = (kib: number): string => `${(kib / 1_024).toFixed(1)} MiB`;
