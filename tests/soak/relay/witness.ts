/**
 * Whether everybody is shown everything, once and in order, without keeping it: each message
 * carries its number in its conversation and of its sender.
 */
export class Witness {
  /** How many messages a sender wrote to a conversation. */
  readonly #written = new Map<string, number>();
  /** By viewer: the last one of each sender and conversation. */
  readonly #shown = new Map<string, Map<string, number>>();
  /** What viewers were told that they missed, and may go on after. */
  readonly #excused = new Map<string, Set<string>>();
  readonly #problems: string[] = [];
  #count = 0;

  /** How many messages were shown, to all. */
  get count(): number {
    return this.#count;
  }

  /** What was lost, doubled or out of order, as far as is known. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** @returns the text of the next message */
  write(sender: string, conv: string): string {
    const number = (this.#written.get(key(sender, conv)) ?? 0) + 1;
    this.#written.set(key(sender, conv), number);
    return String(number);
  }

  show(viewer: string, conv: string, sender: string, text: string): void {
    this.#count += 1;
    const [shown, source] = [this.#of(viewer), key(sender, conv)];
    const [last, number] = [shown.get(source) ?? 0, Number(text)];
    const isExcused = this.#excused.get(viewer)?.delete(source) === true && number > last;
    if (number !== last + 1 && !isExcused) {
      this.#problems.push(
        `${viewer} was shown ${sender}'s message ${text} to ${conv} after ${last}`,
      );
    }
    shown.set(source, Math.max(last, number));
  }

  /** A viewer was told that her timeline does not go back to where she was. */
  excuse(viewer: string): void {
    this.#excused.set(viewer, new Set(this.#written.keys()));
  }

  /** What a viewer who takes part in these conversations has not been shown yet. */
  missing(viewer: string, convs: ReadonlySet<string>): string[] {
    const shown = this.#of(viewer);
    return [...this.#written]
      .filter(([source, number]) => {
        const isHers = convs.has(convOf(source));
        const isExcused = this.#excused.get(viewer)?.has(source) === true;
        return isHers && !isExcused && (shown.get(source) ?? 0) < number;
      })
      .map(([source, number]) => `${viewer}: ${source} ${shown.get(source) ?? 0} of ${number}`);
  }

  /** How many messages were written to a conversation. */
  writtenTo(conv: string): number {
    return [...this.#written]
      .filter(([source]) => convOf(source) === conv)
      .reduce((sum, [, number]) => sum + number, 0);
  }

  #of(viewer: string): Map<string, number> {
    const shown = this.#shown.get(viewer) ?? new Map<string, number>();
    this.#shown.set(viewer, shown);
    return shown;
  }
}

const key = (sender: string, conv: string): string => `${sender} to ${conv}`;
const convOf = (source: string): string => source.slice(source.indexOf(' to ') + 4);
