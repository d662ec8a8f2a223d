/**
 * What was sent, and what everybody was shown of it. Says exactly what is lost, doubled, out of
 * order, or was never sent.
 */

/** A message as somebody sees it. */
export interface Seen {
  sender: string;
  /** Tells the message apart from all others of its sender. */
  text: string;
}

/** Who looks (`alice's page`, `stored`), and what there is to be seen, from top to bottom. */
export type Views = Record<string, readonly Seen[]>;

const named_max = 10;

export class Ledger {
  /** Texts by sender, each with its device. */
  readonly #sent = new Map<string, Map<string, string>>();

  /**
   * Notes a message, in the order in which its sender sent them.
   * @param device Nothing is promised about the order in which two devices of one sender send.
   */
  add(sender: string, text: string, device = sender): void {
    const texts = this.#sent.get(sender) ?? new Map<string, string>();
    if (texts.has(text)) throw new Error(`"${text}" is in ${sender}'s ledger already`);
    this.#sent.set(sender, texts.set(text, device));
  }

  /** How many messages were sent, by everybody. */
  get count(): number {
    return [...this.#sent.values()].reduce((sum, texts) => sum + texts.size, 0);
  }

  /** What is wrong with what somebody sees, in sentences; nothing if all is well. */
  problems(view: string, seen: readonly Seen[]): string[] {
    const senders = new Set([...this.#sent.keys(), ...seen.map(({ sender }) => sender)]);
    return [...senders].flatMap((sender) => {
      const shown = seen.filter((message) => message.sender === sender).map(({ text }) => text);
      return compare(this.#sent.get(sender) ?? new Map<string, string>(), shown).map(
        (problem) => `${view}, from ${sender}: ${problem}`,
      );
    });
  }

  /**
   * Every view shows everything that was sent, once, each device's in order; and all views show
   * the same order altogether.
   * @throws an error that names every message that is not where it should be
   */
  check(views: Views): void {
    const problems = Object.entries(views).flatMap(([view, seen]) => this.problems(view, seen));
    if (problems.length === 0) problems.push(...differences(views));
    if (problems.length > 0)
      throw new Error(['The ledger does not add up:', ...problems].join('\n  '));
  }
}

/** What is wrong with `shown`, given what was `sent` from which device, both of one sender. */
function compare(sent: ReadonlyMap<string, string>, shown: readonly string[]): string[] {
  const texts = [...sent.keys()];
  const place = new Map(texts.map((text, index) => [text, index]));
  const times = new Map<string, number>();
  for (const text of shown) times.set(text, (times.get(text) ?? 0) + 1);

  const lost = texts.filter((text) => !times.has(text));
  const doubled = [...times].filter(([, count]) => count > 1);
  const foreign = [...times.keys()].filter((text) => !sent.has(text));
  const misplaced: string[] = [];
  const newest = new Map<string, number>();
  for (const text of times.keys()) {
    const [device, index] = [sent.get(text), place.get(text)];
    if (device === undefined || index === undefined) continue;
    const before = newest.get(device) ?? -1;
    if (index < before) misplaced.push(`${quote(text)} after ${quote(texts[before] ?? '')}`);
    newest.set(device, Math.max(before, index));
  }
  return [
    ...describe('lost', lost.map(quote), texts.length),
    ...describe(
      'doubled',
      doubled.map(([text, count]) => `${quote(text)} (${count} times)`),
    ),
    ...describe('out of order', misplaced),
    ...describe('never sent', foreign.map(quote)),
  ];
}

/** Where views that are complete differ in how they mix the senders. */
function differences(views: Views): string[] {
  const [first, ...others] = Object.entries(views);
  if (first === undefined) return [];
  const [firstView, expected] = first;
  return others.flatMap(([view, seen]) => {
    const index = seen.findIndex(
      ({ sender, text }, i) => sender !== expected[i]?.sender || text !== expected[i].text,
    );
    const [one, other] = [expected[index], seen[index]];
    if (one === undefined || other === undefined) return [];
    return [
      `${view} and ${firstView} differ in order: at place ${index + 1} ` +
        `${view} has ${name(other)}, ${firstView} has ${name(one)}`,
    ];
  });
}

function describe(what: string, items: readonly string[], of?: number): string[] {
  if (items.length === 0) return [];
  const count = of === undefined ? `${items.length}` : `${items.length} of ${of}`;
  const more = items.length > named_max ? ` and ${items.length - named_max} more` : '';
  return [`${what} ${count}: ${items.slice(0, named_max).join(', ')}${more}`];
}

const quote = (text: string): string => JSON.stringify(text);
const name = ({ sender, text }: Seen): string => `${sender}'s ${quote(text)}`;
