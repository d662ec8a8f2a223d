/**
 * Hours of chat with the compiled package, in virtual time: messages both ways, connections lost
 * in every way, background, offline. Everything comes once and in order, and memory stays flat.
 */
import { createClient, init, memoryStorage, type Client, type LifecycleEvents } from 'seqline';
import { nodeHost } from 'seqline/node';

import { SmallRelay, unixMsAt } from './small-relay.ts';
import { VirtualClock } from './virtual-clock.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const SAMPLES = 96;
/** Messages of an outage, at the most, that may have lasted to the end. */
const UNDER_WAY_MAX = 100;
/** What a heap may differ by without a reason. */
const HEAP_SLACK_BYTES = 512 * 1024;

export interface Sample {
  hours: number;
  wasmBytes: number;
  heapBytes: number;
}

export interface Day {
  samples: Sample[];
  received: number;
  /** Of those, and of what is on its way. */
  stored: number;
  sent: number;
  connects: number;
  losses: number;
}

/** Runs it. To be called once in a process, with `--expose-gc`: it takes over the clock. */
export async function live(hours: number, onSample: (sample: Sample) => void): Promise<Day> {
  const clock = new VirtualClock();
  Date.now = () => unixMsAt(clock);
  const memory = watchMemory();
  await init();

  const relay = new SmallRelay(clock);
  let lifecycle: LifecycleEvents | undefined;
  const client = createClient('https://chat.example', {
    token: () => Promise.resolve(tokenUntil(unixMsAt(clock) + HOUR_MS)),
    storage: memoryStorage(),
    // HTTP would go out into the world.
    transport: 'socket',
    host: {
      ...nodeHost,
      name: 'soak',
      openSocket: (_url, events) => relay.open(events),
      watch: (events) => {
        lifecycle = events;
        return () => undefined;
      },
      monotonicMs: () => clock.nowMs,
      after: (delayMs, callback) => clock.after(delayMs, callback),
    },
  });
  const day: Day = { samples: [], received: 0, stored: 0, sent: 0, connects: 0, losses: 0 };
  follow(client, day);
  void client.connect();
  schedule(clock, relay, client, () => lifecycle, day);

  const stepMs = (hours * HOUR_MS) / SAMPLES;
  for (let n = 1; n <= SAMPLES; n += 1) {
    await clock.passUntil(n * stepMs);
    collectGarbage();
    const sample = {
      hours: (n * stepMs) / HOUR_MS,
      wasmBytes: memory().buffer.byteLength,
      heapBytes: process.memoryUsage().heapUsed,
    };
    day.samples.push(sample);
    onSample(sample);
  }
  const { connects, losses } = client.stats();
  return { ...day, stored: relay.messages, connects, losses };
}

/** What is wrong with it; nothing, as a rule. */
export function complaints({ samples, received, stored, sent, losses }: Day): string[] {
  const quarter = (n: number) => samples.slice((n * SAMPLES) / 4, ((n + 1) * SAMPLES) / 4);
  const middle = (n: number, of: (sample: Sample) => number) =>
    quarter(n)
      .map(of)
      .sort((a, b) => a - b)[SAMPLES / 8] ?? NaN;
  const most = (n: number) => Math.max(...quarter(n).map(({ wasmBytes }) => wasmBytes));
  const found = [];
  if (!(most(3) <= most(1))) found.push(`wasm memory grew from ${most(1)} to ${most(3)} bytes`);
  const [early, late] = [middle(1, heapOf), middle(3, heapOf)];
  if (!(late <= early + HEAP_SLACK_BYTES))
    found.push(`the heap grew from ${early} to ${late} bytes`);
  if (received > stored) found.push(`${received} messages came of ${stored}`);
  if (received < stored - UNDER_WAY_MAX) found.push(`${received} of ${stored} messages came`);
  if (received === 0 || sent === 0 || losses === 0) found.push('it was no day to learn from');
  return found;
}

const heapOf = ({ heapBytes }: Sample) => heapBytes;

function follow(client: Client, day: Day): void {
  let last = 0;
  client.on('message', ({ seq, body }) => {
    if (seq <= last) throw new Error(`${seq} after ${last}`);
    last = seq;
    if (typeof body !== 'string') throw new Error('a body is not what it was');
    day.received += 1;
  });
  client.on('error', ({ code, message }) => {
    if (code === 'handler_failed') throw new Error(message);
  });
}

/** What happens, again and again. */
function schedule(
  clock: VirtualClock,
  relay: SmallRelay,
  client: Client,
  lifecycle: () => LifecycleEvents | undefined,
  day: Day,
): void {
  const every = (ms: number, happen: (n: number) => void) => {
    const again = (n: number) => {
      clock.after(ms, () => {
        happen(n);
        again(n + 1);
      });
    };
    again(0);
  };
  const text = (n: number) => `${n}: ${'as long as people write them '.repeat(1 + (n % 5))}`;
  every(4 * SECOND_MS, (n) => {
    relay.say(text(n));
  });
  every(9 * SECOND_MS, () => {
    relay.hint();
  });
  every(11 * SECOND_MS, (n) => {
    void client.send({ to: { user: 'bob' }, body: text(n) }).then(() => (day.sent += 1));
  });
  every(30 * SECOND_MS, () => {
    relay.readAll();
    void client.markRead('dm:alice:bob', relay.head).catch(() => undefined);
  });
  every(10 * MINUTE_MS, () => {
    void client.history('dm:alice:bob').catch(() => undefined);
  });
  const ways = ['cut', 'silently', 4032, 'cut', 1001] as const;
  every(7 * MINUTE_MS, (n) => {
    relay.lose(ways[n % ways.length] ?? 'cut');
  });
  every(25 * MINUTE_MS, (n) => {
    relay.isAway = true;
    relay.lose('cut');
    if (n % 2 === 0) lifecycle()?.online(false);
    clock.after(3 * MINUTE_MS, () => {
      relay.isAway = false;
      lifecycle()?.online(true);
    });
  });
  every(17 * MINUTE_MS, (n) => {
    lifecycle()?.background(n % 2 === 0);
    lifecycle()?.network(n % 4 < 2 ? 'wifi' : 'cellular');
  });
}

/** The memory of the compiled client, once it is there. */
function watchMemory(): () => WebAssembly.Memory {
  let memory: WebAssembly.Memory | undefined;
  const { instantiate } = WebAssembly;
  const watched = async (source: BufferSource, imports?: WebAssembly.Imports) => {
    const made = await instantiate(source, imports);
    const { exports } = 'instance' in made ? made.instance : made;
    memory = exports['memory'] as WebAssembly.Memory;
    return made;
  };
  WebAssembly.instantiate = watched as typeof instantiate;
  return () => {
    if (!memory) throw new Error('the compiled client is not loaded, or has no memory');
    return memory;
  };
}

function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('start Node with --expose-gc');
  globalThis.gc();
}

/** Nobody checks its signature here. */
function tokenUntil(expiresMs: number): string {
  const claims = { app: 'demo', sub: 'alice', scope: 'user', exp: Math.floor(expiresMs / 1_000) };
  const parts = [{ alg: 'none' }, claims].map((part) => JSON.stringify(part));
  return `${parts.map((part) => Buffer.from(part).toString('base64url')).join('.')}.x`;
}
