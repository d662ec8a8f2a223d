import assert from 'node:assert/strict';
import { test } from 'node:test';

import { asksForPostgres, peersOf, withDatabase } from '../load.mjs';

test('servers to compare with are found however they are named', () => {
  assert.deepEqual(peersOf(['send', '--rate', '10']), []);
  assert.deepEqual(peersOf(['send', '--peers', 'mosquitto,nats', '--rate', '10']), [
    'mosquitto',
    'nats',
  ]);
  assert.deepEqual(peersOf(['send', '--peers=socket.io']), ['socket.io']);
  assert.deepEqual(peersOf(['send', '--peers']), []);
});

test('a database of its own is started where it is asked for, and measured', () => {
  const server = { url: 'postgres://here', pid: 7 };
  const started = ['send', '--database', 'postgres://here', '--database-pid', '7', '--rate', '9'];
  assert.deepEqual(
    withDatabase(['send', '--database', 'postgres', '--rate', '9'], server),
    started,
  );
  assert.deepEqual(withDatabase(['send', '--database=postgres'], server), [
    'send',
    '--database=postgres://here',
    '--database-pid',
    '7',
  ]);
  const others = ['send', '--database', 'postgres://there', '--app', 'postgres'];
  assert.equal(withDatabase(others, server), others);
  assert.equal(asksForPostgres(others), false);
  assert.equal(asksForPostgres(['send', '--database', 'postgres']), true);
});
