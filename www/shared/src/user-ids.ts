/** Longest user id, in characters. */
export const USER_ID_LENGTH_MAX = 64;

/**
 * Why a text is not a user id.
 * @returns a sentence for people; `undefined` if it is one
 */
export function userIdProblem(text: string): string | undefined {
  if (text === '') return 'Enter a name.';
  const stranger = Array.from(text).find((character) => !/^[A-Za-z0-9._\-@+=~]$/.test(character));
  if (stranger !== undefined) {
    const shown = /\s/.test(stranger) ? 'a space' : `“${stranger}”`;
    return `A name has only letters (a–z), digits and . _ - @ + = ~, not ${shown}.`;
  }
  if (text.length > USER_ID_LENGTH_MAX) {
    return `A name has at most ${USER_ID_LENGTH_MAX} characters; this one has ${text.length}.`;
  }
  return undefined;
}
