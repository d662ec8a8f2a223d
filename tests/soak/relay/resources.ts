/** What a process holds: its resident memory and its open files; and whether that grows. */
import { readdir, readFile } from 'node:fs/promises';

export interface Sample {
  /** Since the run began. */
  at_ms: number;
  resident_kib: number;
  descriptors: number;
}

/** What a process holds now. Linux only. */
export async function held(pid: number): Promise<Omit<Sample, 'at_ms'>> {
  const [status, open] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ]);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (resident === undefined) throw new Error(`no VmRSS of process ${pid}`);
  return { resident_kib: Number(resident), descriptors: open.length };
}

/**
 * Files that the relay opens later than at its start: connections to the database are opened when
 * they are first needed, three readers with four files each. When they are renewed after half an
 * hour, SQLite keeps a file that it may not close yet.
 */
export const database_files_max = 16;

export interface Trend {
  mean: number;
  /** By how much the line of best fit rises from the first sample to the last; below 0 if it falls. */
  growth: number;
}

/** The trend of a value over the last half of a run: the first half fills what is bounded. */
export function trendOfLastHalf(samples: readonly Sample[], value: (one: Sample) => number): Trend {
  const half = samples.slice(Math.floor(samples.length / 2));
  const [first, last] = [half[0], half.at(-1)];
  if (!first || !last) throw new Error('there are no samples');
  const mean = (of: (one: Sample) => number): number =>
    half.reduce((sum, one) => sum + of(one), 0) / half.length;
  const [at, level] = [mean((one) => one.at_ms), mean(value)];
  const spread = half.reduce((sum, one) => sum + (one.at_ms - at) ** 2, 0);
  const together = half.reduce((sum, one) => sum + (one.at_ms - at) * (value(one) - level), 0);
  const slope = spread === 0 ? 0 : together / spread;
  return { mean: level, growth: slope * (last.at_ms - first.at_ms) };
}

const growth_share_max = 0.05;
const growth_kib_min = 8 * 1024;

/** What is wrong with the memory of a run, in words; nothing if it is flat. */
export function memoryComplaints(samples: readonly Sample[]): string[] {
  const { mean, growth } = trendOfLastHalf(samples, (one) => one.resident_kib);
  if (growth <= Math.max(growth_kib_min, mean * growth_share_max)) return [];
  const [from, by] = [mean, growth].map((kib) => (kib / 1024).toFixed(1));
  return [`resident memory grew by ${by} MiB in the last half of the run, around ${from} MiB`];
}
