import { expect, test } from 'vitest';

import { held, memoryComplaints, trendOfLastHalf, type Sample } from './resources.ts';

const samples = (count: number, resident_kib: (index: number) => number): Sample[] =>
  Array.from({ length: count }, (_, index) => ({
    at_ms: index * 1_000,
    resident_kib: resident_kib(index),
    descriptors: 20,
  }));

test('what fills at first and stays then is flat, whatever the noise', () => {
  const noise = (index: number): number => ((index * 7_919) % 100) * 40;
  const filled = samples(600, (index) => 40_000 + Math.min(index, 200) * 300 + noise(index));
  expect(memoryComplaints(filled)).toEqual([]);
});

test('what grows without end is noticed', () => {
  const leaking = samples(600, (index) => 40_000 + index * 60);
  expect(memoryComplaints(leaking)).toHaveLength(1);
  const { mean, growth } = trendOfLastHalf(leaking, (one) => one.resident_kib);
  expect(Math.round(growth)).toBe(299 * 60);
  expect(Math.round(mean)).toBe(40_000 + 449.5 * 60);
});

test('a process holds memory and files', async () => {
  const { resident_kib, descriptors } = await held(process.pid);
  expect(resident_kib).toBeGreaterThan(1_000);
  expect(descriptors).toBeGreaterThan(2);
});
