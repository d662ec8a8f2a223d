/** All members of a group write at once: each of them is shown everything, once, in one order. */
import { performance } from 'node:perf_hooks';

import { Witness } from '../soak/relay/witness.ts';
import { at } from '../support/list.ts';
import type { Wire } from '../support/wire.ts';
import { Scene, seconds, type Figures } from './scene.ts';

export interface GroupOptions {
  members: number;
}

/** Users whom one call takes in. */
const change_max = 100;
const conv = 'group:storm';

export async function groupStorm({ members }: GroupOptions): Promise<Figures> {
  // Each member has an entry of their own for each message: the dearer way.
  const scene = await Scene.open({ args: ['--crowd-members-min', String(members + 1)] });
  const witness = new Witness();
  try {
    const names = Array.from({ length: members }, (_, index) => `member-${index}`);
    const wires = await scene.wires(names);
    // On another device of the owner's: who waits for answers passes over what is pushed.
    await make(await scene.wire(at(names, 0), 'desk'), names.slice(1));

    const orders = names.map((): string[] => []);
    const began_ms = performance.now();
    for (const [index, wire] of wires.entries()) {
      const body = witness.write(at(names, index), conv);
      wire.send({ send: { client_msg_id: 'storm', to: { conv }, kind: 'text', body } });
    }
    await Promise.all(
      wires.map((wire, index) => {
        const order = at(orders, index);
        return wire.takeAll(
          ({ item: { message } }) => {
            if (message?.kind !== 'text') return;
            order.push(message.sender);
            witness.show(at(names, index), conv, message.sender, message.body);
          },
          () => order.length === members,
        );
      }),
    );
    const took = seconds(began_ms);
    const [problem] = witness.problems;
    if (problem !== undefined) throw new Error(problem);
    if (new Set(orders.map((order) => order.join())).size !== 1) {
      throw new Error('members were shown different orders');
    }
    return {
      'members, who all wrote at once': String(members),
      'messages handed over': String(members * members),
      'until all had all': took,
      ...(await scene.leave()),
    };
  } finally {
    await scene.dispose();
  }
}

async function make(owner: Wire, others: readonly string[]): Promise<void> {
  const call = async (req: number, method: string, users: readonly string[]): Promise<void> => {
    const params = JSON.stringify({
      conv,
      users,
      ...(method === 'groups.create' ? { title: 'Storm' } : {}),
    });
    owner.send({ call: { req, method, params } });
    await owner.next('result');
  };
  await call(1, 'groups.create', others.slice(0, change_max));
  for (let from = change_max; from < others.length; from += change_max) {
    await call(from, 'groups.invite', others.slice(from, from + change_max));
  }
}
