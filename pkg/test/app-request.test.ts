import { runInNewContext } from 'node:vm';

import { expect, test } from 'vitest';

import type { HttpCall, MiniProgramApi } from '../dist/hosts/mini-program/api.js';
import { appRequest } from '../dist/hosts/mini-program/request.js';

const REQUEST = {
  url: 'https://chat.example.com/v1/poll',
  headers: { 'content-type': 'application/cbor' },
  body: new Uint8Array([9, 1, 2, 9]).subarray(1, 3),
};

interface Callbacks {
  success(answer: unknown): void;
  fail(failure: unknown): void;
}

/** A request that is under way: the API's side of it, and what came of it. */
function ask() {
  const asked: (HttpCall & Callbacks)[] = [];
  const answers: unknown[] = [];
  let aborts = 0;
  const api = {
    request: (call: HttpCall & Callbacks) => {
      asked.push(call);
      return { abort: () => (aborts += 1) };
    },
  } as unknown as MiniProgramApi;
  const stop = appRequest(api, REQUEST, (answer) => void answers.push(answer));
  const [call] = asked;
  if (!call) throw new Error('nothing was asked');
  return { call, answers, stop, aborts: () => aborts };
}

test('bytes go out as a buffer of their own, and come in as bytes', () => {
  const { call, answers } = ask();
  expect(call).toMatchObject({ url: REQUEST.url, method: 'POST', header: REQUEST.headers });
  expect(call.headers).toEqual(REQUEST.headers);
  expect(new Uint8Array(call.data)).toEqual(new Uint8Array([1, 2]));
  // As in a mini-program, whose buffers are of another realm than the package.
  const data: unknown = runInNewContext('new Uint8Array([7, 8]).buffer');
  call.success({ statusCode: 200, data });
  expect(answers).toEqual([{ status: 200, body: new Uint8Array([7, 8]) }]);
});

test('what Alipay calls its fields, and a failure, is an answer too', () => {
  const good = ask();
  good.call.success({ status: 200, data: new Uint8Array([7]).buffer });
  expect(good.answers).toEqual([{ status: 200, body: new Uint8Array([7]) }]);
  const gone = ask();
  gone.call.fail({ error: 19, errorMessage: 'http status error', status: 410 });
  expect(gone.answers).toEqual([{ status: 410, body: new Uint8Array() }]);
});

test('without an answer there is none, and once', () => {
  const { call, answers } = ask();
  call.fail({ errMsg: 'request:fail timeout' });
  call.success({ statusCode: 200, data: new ArrayBuffer(0) });
  expect(answers).toEqual([undefined]);
});

test('one that was called off is aborted, and says nothing any more', () => {
  const { call, answers, stop, aborts } = ask();
  stop();
  expect(aborts()).toBe(1);
  call.fail({ errMsg: 'request:fail abort' });
  expect(answers).toEqual([]);
});
