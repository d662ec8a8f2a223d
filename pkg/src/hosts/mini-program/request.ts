import type { HttpAnswer, HttpRequest } from '../types.js';
import type { HttpResponse, MiniProgramApi } from './api.js';
import { ownBuffer } from './bytes.js';

/** A host's `request` by `request` of `wx`, `my` or `uni`. */
export function appRequest(
  api: MiniProgramApi,
  { url, headers, body }: HttpRequest,
  done: (answer?: HttpAnswer) => void,
): () => void {
  let isOver = false;
  const settle = (answer?: HttpAnswer) => {
    if (!isOver) done(answer);
    isOver = true;
  };
  const task = api.request?.({
    url,
    method: 'POST',
    data: ownBuffer(body),
    // Bytes in and out; each of them has names of its own for this.
    header: headers,
    headers,
    responseType: 'arraybuffer',
    dataType: 'arraybuffer',
    success: (answer) => {
      settle(read(answer));
    },
    // Alipay calls an answer of another status than 200 a failure.
    fail: (failure) => {
      settle(read(failure));
    },
  }) as { abort?(): void } | undefined;
  return () => {
    isOver = true;
    task?.abort?.();
  };
}

/** None if it is no answer. The buffer may be of another realm than this. */
function read(answer: unknown): HttpAnswer | undefined {
  const { statusCode, status = statusCode, data } = Object(answer) as HttpResponse;
  if (!status) return undefined;
  const isBuffer = typeof data === 'object' && data !== null && 'byteLength' in data;
  return { status, body: isBuffer ? new Uint8Array(data as ArrayBuffer) : new Uint8Array() };
}
