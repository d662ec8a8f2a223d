import assert from 'node:assert/strict';
import { test } from 'node:test';

import { peersOf } from '../load.mjs';

test('servers to compare with are found however they are named', () => {
  assert.deepEqual(peersOf(['send', '--rate', '10']), []);
  assert.deepEqual(peersOf(['send', '--peers', 'mosquitto,nats', '--rate', '10']), [
    'mosquitto',
    'nats',
  ]);
  assert.deepEqual(peersOf(['send', '--peers=socket.io']), ['socket.io']);
  assert.deepEqual(peersOf(['send', '--peers']), []);
});
