/** What the records of the session tell of it: where it stands, and what it has to send. */
import { decode } from '../cbor.js';
import type { PlacesRecord } from './places.js';

const POSITION = 'position';
const CROWD = 'crowd/';
const OUTBOX = 'outbox/';

type Records = readonly (readonly [key: string, value: Uint8Array | null])[];

/** The places in records, or in changes of them; none if they tell of none. */
export function placesIn(records: Records): PlacesRecord | undefined {
  let hasAny = false;
  const places: PlacesRecord = { own: 0, crowds: {} };
  for (const [key, value] of records) {
    if (!value) continue;
    if (key === POSITION) {
      const { epoch, cursor } = read(value) as { epoch?: number; cursor?: number };
      places.own = cursor ?? 0;
      if (epoch !== undefined) places.epoch = epoch;
      hasAny = true;
    } else if (key.startsWith(CROWD)) {
      const { cursor } = read(value) as { cursor?: number };
      places.crowds[key.slice(CROWD.length)] = cursor ?? 0;
      hasAny = true;
    }
  }
  return hasAny ? places : undefined;
}

/** Ids of the messages of the outbox. */
export function messageIdsIn(records: Records): string[] {
  return records.flatMap(([key, value]) => {
    if (!key.startsWith(OUTBOX) || !value) return [];
    const { draft } = read(value) as { draft?: { client_msg_id?: string } };
    return draft?.client_msg_id === undefined ? [] : [draft.client_msg_id];
  });
}

/** The session itself says so if one cannot be read. */
function read(value: Uint8Array): object {
  try {
    return decode(value) ?? {};
  } catch {
    return {};
  }
}
