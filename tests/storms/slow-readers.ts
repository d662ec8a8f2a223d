/**
 * Devices that stop reading, beside healthy ones in the same groups: these are handed everything
 * as it comes, and the others have it when they read again.
 */
import { performance } from 'node:perf_hooks';

import { Witness } from '../soak/relay/witness.ts';
import { at } from '../support/list.ts';
import type { Wire } from '../support/wire.ts';
import { Scene, seconds, write, type Figures } from './scene.ts';

export interface SlowOptions {
  readers: number;
  messages: number;
}

const healthy_each = 2;
/** Below the size from which a group has a timeline of its own, with the healthy ones. */
const group_max = 90;
const body_bytes = 300;

interface Group {
  conv: string;
  writer: string;
  slow: string[];
  healthy: string[];
}

export async function slowReaders({ readers, messages }: SlowOptions): Promise<Figures> {
  const scene = await Scene.open({ args: ['--crowd-members-min', String(2 * group_max)] });
  const witness = new Witness();
  try {
    const groups = Array.from({ length: Math.ceil(readers / group_max) }, (_, index) =>
      plan(index, Math.min(group_max, readers - index * group_max)),
    );
    // They are there before their groups are, so that they are handed what comes from then on.
    const slow = await scene.wires(groups.flatMap((group) => group.slow));
    const healthy = await scene.wires(groups.flatMap((group) => group.healthy));
    const writers = await scene.wires(groups.map((group) => group.writer));
    for (const wire of slow) wire.pause();
    await Promise.all(groups.map((group, index) => make(at(writers, index), group)));

    const began_ms = performance.now();
    const reading = healthy.map((wire, index) => take(wire, `healthy-${index}`, witness, messages));
    await Promise.all(
      groups.map(({ conv, writer }, index) =>
        write(at(writers, index), writer, { conv }, texts(witness, conv, writer, messages)),
      ),
    );
    const stored = seconds(began_ms);
    await Promise.all(reading);
    const read = seconds(began_ms);

    const waking_ms = performance.now();
    for (const wire of slow) wire.resume();
    await Promise.all(slow.map((wire, index) => take(wire, `slow-${index}`, witness, messages)));
    const [problem] = witness.problems;
    if (problem !== undefined) throw new Error(problem);
    return {
      'devices that did not read, and that did': `${slow.length}, ${healthy.length}`,
      'messages for each': String(messages),
      'until all were stored': stored,
      'until the healthy ones had all': read,
      'until the others had all, once they read': seconds(waking_ms),
      ...(await scene.leave()),
    };
  } finally {
    await scene.dispose();
  }
}

function plan(index: number, size: number): Group {
  const named = (what: string, count: number): string[] =>
    Array.from({ length: count }, (_, number) => `${what}-${index}-${number}`);
  return {
    conv: `group:slow-${index}`,
    writer: `writer-${index}`,
    slow: named('slow', size),
    healthy: named('healthy', healthy_each),
  };
}

async function make(wire: Wire, { conv, slow, healthy }: Group): Promise<void> {
  const params = JSON.stringify({ conv, title: conv, users: [...slow, ...healthy] });
  wire.send({ call: { req: 1, method: 'groups.create', params } });
  await wire.next('result');
}

/** Until all messages have come. */
async function take(wire: Wire, name: string, witness: Witness, messages: number): Promise<void> {
  let shown = 0;
  await wire.takeAll(
    ({ item: { message } }) => {
      if (message?.kind !== 'text') return;
      shown += 1;
      witness.show(name, message.conv, message.sender, message.body.trimEnd());
    },
    () => shown === messages,
  );
}

function* texts(witness: Witness, conv: string, writer: string, count: number): Iterable<string> {
  for (let number = 0; number < count; number++) {
    yield witness.write(writer, conv).padEnd(body_bytes, ' ');
  }
}
