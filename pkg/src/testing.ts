/** Entry point for those who write a storage of their own: does it keep what it promises? */
import type { Changes, Storage } from './types.js';

/** As large as a record gets: a message of the largest body. */
const LARGE_BYTES = 48 * 1024;
/** Messages that an outbox holds. */
const MANY = 1_000;

/**
 * Tries a storage in all that a client asks of it, but for crashes. To be run in a test, with an
 * account that nothing is kept of yet.
 * @param open what the option `storage` is given
 * @throws {Error} that says what is not as it should be
 */
export async function checkStorage(
  open: (account: string) => Promise<Storage>,
  account = 'check/storage',
): Promise<void> {
  const expected = new Map<string, Uint8Array>();
  let storage = await open(account);

  const write = async (changes: Changes): Promise<void> => {
    for (const [key, value] of changes) {
      if (value) expected.set(key, value);
      else expected.delete(key);
    }
    await storage.write(changes);
  };
  const compare = async (when: string): Promise<void> => {
    const records = await storage.load();
    const found = new Map(records);
    if (found.size !== records.length) throw new Error(`${when}, a record is there twice`);
    for (const [key, value] of found) {
      if (!(value instanceof Uint8Array)) throw new Error(`${when}, ${key} is no Uint8Array`);
    }
    for (const key of new Set([...found.keys(), ...expected.keys()])) {
      const [is, should] = [found.get(key), expected.get(key)];
      if (is?.join() === should?.join()) continue;
      throw new Error(`${when}, ${key} ${is ? (should ? 'differs' : 'is there') : 'is missing'}`);
    }
  };
  const compareAnew = async (when: string): Promise<void> => {
    await compare(when);
    storage.close();
    storage = await open(account);
    await compare(`${when}, opened again`);
  };

  await compare('at first');
  await write([
    ['position', Uint8Array.from({ length: 256 }, (_, byte) => byte)],
    ['outbox/0000000000000001', new Uint8Array()],
    ['crowd/g:团队 ü', new Uint8Array(LARGE_BYTES).fill(0xa5)],
  ]);
  await compareAnew('after a write');
  await write([
    ['position', Uint8Array.of(1)],
    ['outbox/0000000000000001', null],
    ['outbox/never there', null],
  ]);
  await compareAnew('after changes');
  await Promise.all(Array.from({ length: 20 }, (_, n) => write([['position', Uint8Array.of(n)]])));
  await compareAnew('after writes that did not wait for each other');
  const many = Array.from({ length: MANY }, (_, n) => [`outbox/${n}`, Uint8Array.of(n % 256)]);
  await write(many as Changes);
  await compareAnew(`after a write of ${MANY} records`);

  const other = await open(`${account}/other`);
  const isApart = (await other.load()).length === 0;
  other.close();
  if (!isApart) throw new Error('another account has the same records');
  await write([...expected.keys()].map((key) => [key, null]));
  await compareAnew('after all is removed');
  storage.close();
}
