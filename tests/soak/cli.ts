/** A day of chat in about a minute: `npm run soak:client`, or with `-- --hours 1` an hour. */
import { parseArgs } from 'node:util';

import { complaints, live } from './day.ts';

const { values } = parseArgs({ options: { hours: { type: 'string', default: '24' } } });
const hours = Number(values.hours);
if (!(hours > 0 && hours <= 10_000)) {
  console.error(`--hours must be a number above 0, not ${values.hours}`);
  process.exit(2);
}

const start = performance.now();
let told = 0;
const day = await live(hours, ({ hours: so_far, wasmBytes, heapBytes }) => {
  told += 1;
  if (told % 8 !== 0) return;
  const [wasm, heap] = [wasmBytes, heapBytes].map((bytes) => (bytes / 1024).toFixed(0));
  console.log(`${so_far.toFixed(1).padStart(6)} h   wasm ${wasm} KB   heap ${heap} KB`);
});
const found = complaints(day);
console.log(
  `${hours} h in ${Math.round((performance.now() - start) / 1_000)} s: ${day.received} received, ` +
    `${day.sent} sent, ${day.connects} connections, ${day.losses} lost`,
);
for (const complaint of found) console.error(complaint);
process.exit(found.length > 0 ? 1 : 0);
