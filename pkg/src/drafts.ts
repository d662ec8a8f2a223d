/** From the app's messages to the session's. */
import { SeqlineError } from './error.js';
import { toRelay } from './names.js';
import type { Body, DraftMessage, Target } from './types.js';
import type { wasm } from './wasm.js';

/** @throws {SeqlineError} `field_invalid` */
export function rawDraft(draft: DraftMessage, clientMsgId: string): wasm.Draft {
  const kind = draft.kind ?? kindOf(draft.body);
  return {
    client_msg_id: clientMsgId,
    to: rawTarget(draft.to),
    kind,
    body: rawBody(kind, draft.body),
    priority: draft.priority ?? 'normal',
    ...(toRelay({
      expiresAt: draft.expiresAt,
      key: draft.key,
      replace: draft.replace,
      business: draft.business,
      mentions: draft.mentions,
    }) as object),
  };
}

/** What a body is, where nothing is said. */
export const kindOf = (body: Body): string => (typeof body === 'string' ? 'text' : 'json');

/** @throws {SeqlineError} `field_invalid` */
export function rawBody(kind: string, body: Body): string {
  if (kind === 'text') {
    if (typeof body === 'string') return body;
    throw invalid('a body of kind `text` is a string; name another kind for other values');
  }
  let text: string | undefined;
  let cause: unknown;
  try {
    // Not a string for what JSON has no word for: undefined, a function.
    text = JSON.stringify(body);
  } catch (error) {
    cause = error;
  }
  if (text === undefined) throw invalid('the body cannot be written as JSON', cause);
  return text;
}

/** @throws {SeqlineError} `field_invalid` */
export function rawTarget(to: Target): Target {
  // From JavaScript anything may come; what is passed on names one of the two.
  const { user, conv } = (to as { user?: unknown; conv?: unknown } | undefined) ?? {};
  if (typeof user === 'string' && conv === undefined) return { user };
  if (typeof conv === 'string' && user === undefined) return { conv };
  throw invalid('`to` is either { user: "…" } or { conv: "…" }');
}

/** A new id of a message, from at least 16 random bytes. */
export function messageId(random: Uint8Array): string {
  return Array.from(random.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function invalid(message: string, cause?: unknown): SeqlineError {
  return new SeqlineError({ code: 'field_invalid', message, retryable: false, cause });
}
