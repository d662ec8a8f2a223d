// Why the relay did not do something.

/** A refusal, or no answer at all (`unreachable`). */
export class ApiFailure extends Error {
  readonly code: string;
  /** The path of the field that is wrong, if it is one. */
  readonly field: string | undefined;

  constructor(code: string, message: string) {
    const { field, why } =
      code === 'field_invalid' ? split(message) : { field: undefined, why: message };
    super(why);
    this.name = 'ApiFailure';
    this.code = code;
    this.field = field;
  }
}

/** `content.title: it is empty` is about `content.title`. */
function split(message: string): { field: string | undefined; why: string } {
  const found = /^([a-z_]+(?:[.[][\w.[\]]*)?): (.+)$/s.exec(message);
  return { field: found?.[1], why: found?.[2] ?? message };
}

const TEXTS: Record<string, string> = {
  broadcast_unknown: 'This broadcast is gone. Somebody may have deleted it.',
  scope_forbidden: 'This token is not an operator’s. Log out, and in with one of scope “operator”.',
  token_expired: 'Your log-in has ended. Log in again.',
  token_invalid: 'The relay does not take your token. Log in again.',
  method_unknown: 'This relay is of another version than the console. Load the page again.',
};

/** A sentence for people. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = error instanceof ApiFailure ? TEXTS[error.code] : undefined;
  return known ?? sentence(error.message);
}

/** With a capital first, and a full stop; what is quoted stays as it is. */
export function sentence(text: string): string {
  const plain = text.replace(/`([^`]*)`/g, '“$1”');
  const first = plain.charAt(0).toUpperCase() + plain.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

export const codeOf = (error: unknown): string => (error instanceof ApiFailure ? error.code : '');
