/** What a user sees and touches, on whatever platform the sample runs. */

/** Something on the screen. */
export interface Seen {
  /** All of its text. */
  text: string;
  /** Its `data-` attributes, by their names without `data-`. */
  data: Readonly<Record<string, string>>;
}

/** The page of the sample that is in front, addressed by `data-testid`. */
export interface Screen {
  /** Everything of this name that is there now, in its order. */
  find(name: string): Promise<Seen[]>;
  /** Touches the only one of this name, once it is there. */
  tap(name: string): Promise<void>;
  /** Touches the one of this name with this text in it, and chooses from the menu that comes. */
  choose(name: string, text: string, choice: string): Promise<void>;
  /** Fills in a text field, once it is there. */
  fill(name: string, text: string): Promise<void>;
  /** To the page before. */
  back(): Promise<void>;
  /** What the app did not catch. */
  readonly uncaught: readonly string[];
}
