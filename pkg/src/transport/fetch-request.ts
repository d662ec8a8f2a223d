import type { HttpAnswer, HttpRequest } from '../types.js';

/** A host's `request` by the `fetch` of browsers, workers and Node. */
export function fetchRequest(
  { url, headers, body }: HttpRequest,
  done: (answer?: HttpAnswer) => void,
): () => void {
  const abort = new AbortController();
  const exchange = async () => {
    const init = { method: 'POST', headers, body: body as BodyInit, signal: abort.signal };
    const answer = await fetch(url, init);
    return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
  };
  void exchange()
    .catch(() => undefined)
    .then((answer) => {
      if (!abort.signal.aborted) done(answer);
    });
  return () => {
    abort.abort();
  };
}
