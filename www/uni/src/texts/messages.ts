import type { Message } from 'seqline/mp';

import { texts } from '.';

/** What is shown of a message. */
export function messageText({ kind, body, recalled }: Pick<Message, 'kind' | 'body' | 'recalled'>) {
  if (recalled) return texts.recalled;
  return typeof body === 'string' ? body : texts.otherKind(kind);
}
