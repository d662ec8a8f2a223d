import type { Mutation } from './list.ts';
import type { Verdict } from './workshop.ts';

/** One mistake, and what became of it. */
export interface Line {
  mutation: Mutation;
  verdict: Verdict;
}

/** A table for people, in Markdown. */
export function markdown(lines: Line[]): string {
  const rows = lines.map(({ mutation, verdict }) => {
    const found =
      verdict.outcome === 'caught' ? `${verdict.seconds.toFixed(1)} s` : verdict.outcome;
    return `| ${mutation.breaks} | ${mutation.name} | ${found} | ${violation(verdict)} |`;
  });
  const head = ['| promise | mistake | found after | what was seen |', '| --- | --- | --- | --- |'];
  return `${[...head, ...rows].join('\n')}\n`;
}

/** The line in which the simulation says what is broken. */
function violation({ outcome, said }: Verdict): string {
  if (outcome !== 'caught') return '';
  const line = said.split('\n').find((text) => /^VIOLATION|panicked/.test(text)) ?? said;
  return line.trim().replaceAll('|', '\\|').slice(0, 120);
}
