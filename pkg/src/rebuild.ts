/**
 * What a device that was away for too long reads instead of the entries that are gone: its
 * conversations, and the newest messages of each.
 */
import { SeqlineError } from './error.js';
import type { Client, Conversation, Message } from './types.js';

/** Newest pages that are read ahead of the app, at most. */
const AHEAD_MAX = 4;

/** How much is read, from where, and until when. */
export interface RebuildOptions {
  /** Only this conversation: for a `reset` with `conv`. */
  conv?: string;
  /** How many conversations at most, the lately active ones first. Default: 1,000. */
  conversationsMax?: number;
  /** How many messages of each, the newest ones; 0 for the list alone. Default: 50. */
  messagesPer?: number;
  /** `resume` of the last one that was taken, to go on after it. */
  from?: string;
  /** Stops it: what is waited for is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** A conversation as it is now. */
export interface Rebuilt {
  conversation: Conversation;
  /** The newest ones, ascending. */
  messages: Message[];
  /** Whether there are older ones, for `history()`. */
  more: boolean;
  /** For `from`: goes on after this one, also in a new session. */
  resume: string;
}

/** Where it stands. */
interface Place {
  /** When the newest conversation was active as it began; what is active later moves to the top. */
  startedAt: number;
  /** All pages were read; what moved to the top meanwhile is looked for. */
  isSecondLook: boolean;
  /** The last one that was taken, and when it was active. */
  taken: string;
  takenTo: number;
  /** Of the list; absent for the first one. */
  page: string | undefined;
}

/**
 * Reads the user's conversations, most recently active first, each with its unread count and its
 * newest messages. To be used in the handler of `reset`, whose promise holds back what comes
 * afterwards: as the timeline's head was read before, nothing that happens meanwhile is missed.
 * What is read may already contain something that is told once more by an event: a message's
 * `convSeq` says which it is.
 *
 * Waits while there is no connection, and goes on where it was. One that became active while
 * others were read is read in the end.
 * @throws {SeqlineError} what the relay refuses for good, or `disconnected` by `disconnect()`
 */
export async function* rebuild(
  client: Read,
  options: RebuildOptions = {},
): AsyncGenerator<Rebuilt, void, undefined> {
  const { conv, conversationsMax = 1_000, signal } = options;
  const seen = new Set<string>();
  const from = options.from === undefined ? BEGINNING : (JSON.parse(options.from) as Place);
  let { startedAt, isSecondLook, taken, takenTo, page } = from;

  for (;;) {
    const { conversations, next } = await patiently(client, signal, () =>
      client.conversations(page === undefined ? {} : { page }),
    );
    if (startedAt === Infinity) startedAt = conversations[0]?.activeAt ?? 0;
    const rest = conversations.filter(
      (row) =>
        row.activeAt <= takenTo &&
        row.conv !== taken &&
        (!isSecondLook || row.activeAt > startedAt) &&
        !seen.has(row.conv) &&
        (conv === undefined || row.conv === conv),
    );

    for await (const { row, messages, more } of newestOf(client, rest, options)) {
      if (seen.size >= conversationsMax) return;
      seen.add(row.conv);
      taken = row.conv;
      takenTo = row.activeAt;
      const place: Place = { startedAt, isSecondLook, taken, takenTo, page };
      yield { conversation: row, messages, more, resume: JSON.stringify(place) };
      if (conv !== undefined) return;
    }

    const hasSeenMoved = (conversations.at(-1)?.activeAt ?? 0) <= startedAt;
    if (isSecondLook && (next === undefined || hasSeenMoved)) return;
    if (next === undefined) {
      isSecondLook = true;
      takenTo = Infinity;
    }
    page = next;
  }
}

type Connected = Pick<Client, 'on' | 'state'>;
/** What is needed of a client. */
type Read = Connected & Pick<Client, 'conversations' | 'history'>;

/** The newest messages of each, in order; a few are asked for at a time. */
async function* newestOf(client: Read, rows: Conversation[], options: RebuildOptions) {
  const { messagesPer = 50, signal } = options;
  const read = async (row: Conversation) => {
    const nothing = { messages: [], more: row.head > 0 };
    if (messagesPer === 0) return { row, ...nothing };
    const page = await patiently(client, signal, () =>
      client.history(row.conv, { limit: messagesPer }),
    ).catch((error: unknown) => {
      // It has ended since the list was read.
      if (codeOf(error) === 'conversation_unknown') return { messages: [], more: false };
      throw error;
    });
    return { row, ...page };
  };
  const ahead: ReturnType<typeof read>[] = [];
  for (let at = 0; at < rows.length || ahead.length > 0;) {
    const row = rows[at];
    if (row && ahead.length < AHEAD_MAX) {
      const reading = read(row);
      // Whoever stops early waits for none of them.
      reading.catch(() => undefined);
      ahead.push(reading);
      at += 1;
    } else {
      const first = ahead.shift();
      if (first) yield await first;
    }
  }
}

/** Tries again what failed for want of a connection, when there is one. */
export async function patiently<T>(
  client: Connected,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      const canHeal = error instanceof SeqlineError && error.retryable;
      if (!canHeal || client.state.state === 'disconnected') throw error;
      await nextConnection(client, signal);
    }
  }
}

/** Resolves when connected, and at the end of it all. Not at once: what failed needs a pause. */
function nextConnection(client: Connected, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(() => {
      if (client.state.state === 'connected') done();
    }, PAUSE_MS);
    const stop = client.on('state', ({ state }) => {
      if (state !== 'connecting') done();
    });
    signal?.addEventListener('abort', done);
  });
}

/** Before a relay that has too much to do is asked again. */
const PAUSE_MS = 1_000;

const codeOf = (error: unknown): string | undefined =>
  error instanceof SeqlineError ? error.code : undefined;

const BEGINNING: Place = {
  startedAt: Infinity,
  isSecondLook: false,
  taken: '',
  takenTo: Infinity,
  page: undefined,
};
