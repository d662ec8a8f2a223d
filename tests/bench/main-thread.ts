/** What pages' main threads do, by the browser's own account. */
import type { Browser, Page } from 'playwright-core';

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Of the processor, in microseconds. */
  tdur?: number;
  args: { name?: string };
}

/**
 * Does something in a page meanwhile.
 * @returns what that gives, and how long the processor was busy with the longest task, in
 * milliseconds: a task that only waited for the processor is as short as it is
 */
export async function longestTask<T>(
  browser: Browser,
  page: Page,
  meanwhile: () => Promise<T>,
): Promise<{ result: T; longestTaskCpuMs: number }> {
  await browser.startTracing(page, { categories: ['toplevel'] });
  const result = await meanwhile();
  const trace = await browser.stopTracing();
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`;
  const named = traceEvents.filter(({ name }) => name === 'thread_name');
  const mainThreads = new Set(
    named.filter(({ args }) => args.name === 'CrRendererMain').map(threadOf),
  );
  const tasks = traceEvents.filter(
    (event) =>
      event.ph === 'X' && event.name.endsWith('RunTask') && mainThreads.has(threadOf(event)),
  );
  if (tasks.length === 0) throw new Error('the trace has no tasks of the main thread');
  const longestUs = tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0);
  return { result, longestTaskCpuMs: longestUs / 1_000 };
}
