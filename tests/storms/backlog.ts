/**
 * Messages wait for a user: for a device that was away, which then pulls them in pages, and for one
 * that is connected and reads nothing.
 */
import { performance } from 'node:perf_hooks';

import { createClient, type Message } from 'seqline/node';

import { at } from '../support/list.ts';
import { Signal } from '../support/signal.ts';
import { devToken } from '../support/tokens.ts';
import { Witness } from '../soak/relay/witness.ts';
import { directConversation } from '../support/wire.ts';
import { Scene, seconds, write, type Figures } from './scene.ts';

export interface BacklogOptions {
  messages: number;
  /** Called now and then with what was done so far. */
  onProgress?: (what: string) => void;
}

const writers = 8;
const body_bytes = 200;
const timeout_ms = 1_800_000;
const told_every = 5_000;

export async function backlog({ messages, onProgress }: BacklogOptions): Promise<Figures> {
  const scene = await Scene.open();
  try {
    const stuck = await scene.wire('ben', 'stuck');
    stuck.pause();
    const names = Array.from({ length: writers }, (_, index) => `writer-${index}`);
    const wires = await scene.wires(names);
    const witness = new Witness();
    const each = Math.ceil(messages / writers);
    const writing_ms = performance.now();
    await Promise.all(
      wires.map((wire, index) => {
        const name = at(names, index);
        return write(wire, name, { user: 'ben' }, texts(witness, name, each));
      }),
    );
    const wrote = seconds(writing_ms);
    onProgress?.(`${each * writers} messages wait`);

    const [pulled, memory] = await pull(scene, witness, names, each * writers, onProgress);
    const waking_ms = performance.now();
    stuck.resume();
    let shown = 0;
    const notifies = await stuck.takeAll(
      ({ item }) => {
        if (!item.message) return;
        shown += 1;
        witness.show('stuck', item.message.conv, item.message.sender, numberOf(item.message.body));
      },
      () => shown === each * writers,
    );
    if (notifies !== 1) throw new Error(`the device that read nothing was told ${notifies} times`);
    complain(witness);
    return {
      'messages that waited': String(each * writers),
      'until all were stored': wrote,
      'until a device that was away had all': pulled,
      'memory of its process meanwhile, more than before': memory,
      'until one that had stopped reading had all': seconds(waking_ms),
      ...(await scene.leave()),
    };
  } finally {
    await scene.dispose();
  }
}

/** A new device, the package's own client. How long it took, and what it held. */
async function pull(
  scene: Scene,
  witness: Witness,
  writers_: readonly string[],
  messages: number,
  onProgress: BacklogOptions['onProgress'],
): Promise<[string, string]> {
  const token = await devToken(scene.relay.url, 'ben');
  const client = createClient(scene.relay.url, { token, start: 'oldest' });
  const progress = new Signal();
  const before = process.memoryUsage.rss();
  let [shown, peak] = [0, before];
  client.on('message', ({ conv, sender, body }: Message) => {
    witness.show('away', conv, sender, numberOf(body as string));
    shown += 1;
    if (shown % told_every === 0) {
      peak = Math.max(peak, process.memoryUsage.rss());
      onProgress?.(`${shown} of ${messages} pulled`);
    }
    progress.notify();
  });
  const began_ms = performance.now();
  try {
    await client.connect();
    await progress.until(
      () => shown >= messages,
      timeout_ms,
      () => `${shown} of ${messages} pulled`,
    );
    const took = seconds(began_ms);
    complain(witness);
    const convs = new Set(writers_.map((name) => directConversation('ben', name)));
    const [missing] = witness.missing('away', convs);
    if (missing !== undefined) throw new Error(missing);
    return [took, `${((peak - before) / 1_048_576).toFixed(1)} MiB`];
  } finally {
    await client.dispose();
  }
}

function* texts(witness: Witness, name: string, count: number): Iterable<string> {
  for (let number = 0; number < count; number++) {
    const text = witness.write(name, directConversation('ben', name));
    yield text.padEnd(body_bytes, ' ');
  }
}

const numberOf = (body: string): string => body.trimEnd();

function complain({ problems }: Witness): void {
  const [first] = problems;
  if (first !== undefined) throw new Error(`${problems.length} times, first: ${first}`);
}
