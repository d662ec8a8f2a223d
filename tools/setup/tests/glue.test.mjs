import assert from 'node:assert/strict';
import { test } from 'node:test';

import { forAnyMemory } from '../glue.mjs';

const bytes = `let cachedUint8ArrayMemory0 = null;
if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {}
`;
const numbers = `let cachedDataViewMemory0 = null;
if (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)) {}
`;

test('views are made anew when the memory has another buffer', () => {
  const glue = forAnyMemory(bytes + numbers);
  for (const view of ['cachedUint8ArrayMemory0', 'cachedDataViewMemory0']) {
    const check = `if (${view} === null || ${view}.buffer !== wasm.memory.buffer) {}`;
    assert.ok(glue.includes(check), glue);
  }
});

test('glue of another form is refused', () => {
  assert.throws(() => forAnyMemory(bytes), /DataView/);
  const more = 'let cachedFloat64ArrayMemory0 = null;';
  assert.throws(() => forAnyMemory(bytes + numbers + more), /3 views/);
});
