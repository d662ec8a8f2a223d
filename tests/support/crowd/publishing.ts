/** Publishes a broadcast while whatever it takes for that breaks. */
import { setTimeout as pause } from 'node:timers/promises';

import { Operator, type OperatorsBroadcast } from '../../broadcasts/operator.ts';
import type { Relay } from '../relay.ts';

/** Those who are connected are told within this. */
const window_ms = 100;
/** Between two attempts. */
const pause_ms = 50;

/**
 * Publishes one, however often that has to be begun.
 *
 * @param isOver gives up then
 * @returns its id: it was acknowledged as published, or found to be so
 */
export async function publishAtLast(
  relay: Relay,
  [app, secret]: readonly [string, string],
  title: string,
  isOver: () => boolean,
): Promise<number> {
  const operator = Operator.of(relay, app, secret);
  let draft: OperatorsBroadcast | undefined;
  for (;;) {
    try {
      draft = draft
        ? await operator.call('get', { id: draft.id })
        : await operator.call('create', { content: { title, body: `About ${title}` } });
      if (draft.state !== 'draft') return draft.id;
      await operator.step('publish', draft, { wave: { window_ms } });
      return draft.id;
    } catch (error) {
      if (isOver()) throw error;
      await pause(pause_ms);
    }
  }
}
