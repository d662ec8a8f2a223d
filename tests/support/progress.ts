/** What a long run tells of itself on a terminal, and in a log. */

let isUnderWay = false;

/** One line that is written over on a terminal; a line of its own elsewhere. */
export function showProgress(line: string): void {
  isUnderWay = true;
  process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
}

/** What is written next begins a line. */
export function endProgress(): void {
  if (isUnderWay && process.stdout.isTTY) process.stdout.write('\n');
  isUnderWay = false;
}

/** Names and figures below each other. */
export function table(rows: readonly (readonly [string, string | number])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, value]) => `${name.padEnd(width)}${String(value).padStart(10)}\n`)
    .join('');
}
