// The editor: a form over a broadcast as it was when it was opened.
//
// What an operator writes is never replaced without being asked: a newer revision of someone
// else is shown beside it, and the operator decides.
import { computed, reactive } from 'vue';

import { ApiFailure, codeOf, failureText } from '../api/failure.ts';
import type { OperatorApi } from '../api/operator-api.ts';
import type { Broadcast, Preview } from '../api/types.ts';
import { differences, draftOf, emptyForm, formOf, isSame, type DraftForm } from './draft-form.ts';
import { fieldOfPath } from '../text/fields.ts';
import type { FormKeeper } from './kept-form.ts';

/** Somebody else's newer revision. */
interface Theirs {
  broadcast: Broadcast;
  /** Who made it, if the history says so. */
  by: string | undefined;
}

/** By field; what has no field is under the empty text. */
export type Problems = Partial<Record<keyof DraftForm | '', string>>;

const noProblems = (): Problems => ({});

export class Editor {
  readonly state = reactive({
    form: emptyForm(),
    /** What the form is an edit of; none for a new broadcast. */
    base: undefined as Broadcast | undefined,
    isLoaded: false,
    isSaving: false,
    /** Text of an earlier visit was taken up again. */
    isRestored: false,
    theirs: undefined as Theirs | undefined,
    /** What the relay would refuse. */
    problems: noProblems(),
    preview: undefined as Preview | undefined,
    previewFailure: '',
    failure: '',
  });
  /** Values of placeholders for the preview. */
  readonly attributes = reactive<Record<string, string>>({});
  readonly isDirty = computed(() => !isSame(this.state.form, this.#baseForm()));
  readonly differences = computed(() => {
    const { theirs, form } = this.state;
    return theirs ? differences(form, formOf(theirs.broadcast)) : [];
  });
  /** Names of placeholders, in the order in which they come. */
  readonly placeholders = computed(() => {
    const text = `${this.state.form.title}\n${this.state.form.body}`;
    const names = Array.from(
      text.matchAll(/\{\{\s*([^{}|]+?)\s*(?:\|[^{}]*)?\}\}/g),
      ([, name]) => name,
    );
    return [...new Set(names.filter((name) => name !== undefined))];
  });
  readonly #api: OperatorApi;
  readonly #id: number | undefined;
  readonly #keeper: FormKeeper;
  #previews = 0;

  /** @param id of what is edited; a new one if absent */
  constructor(api: OperatorApi, id: number | undefined, keeper: FormKeeper) {
    this.#api = api;
    this.#id = id;
    this.#keeper = keeper;
  }

  async load(): Promise<void> {
    const { state } = this;
    state.failure = '';
    try {
      if (this.#id !== undefined) state.base = await this.#api.get(this.#id);
    } catch (error) {
      state.failure = failureText(error);
      return;
    }
    state.form = this.#baseForm();
    await this.#restore();
    state.isLoaded = true;
  }

  /** Call it after each change: an unsaved form outlives the page. */
  keep(): void {
    const { base, form } = this.state;
    if (!this.state.isLoaded) return;
    const kept = base ? { form, revision: base.revision } : { form };
    this.#keeper.save(this.isDirty.value ? kept : undefined);
  }

  /** Looks at it as a user of whom this attribute is known. */
  suppose(name: string, value: string): void {
    this.attributes[name] = value;
  }

  /** How a user reads it, and what would be refused. */
  async look(): Promise<void> {
    const asked = (this.#previews += 1);
    const attributes = Object.fromEntries(
      this.placeholders.value.flatMap((name) => {
        const value = this.attributes[name] ?? '';
        return value === '' ? [] : [[name, value]];
      }),
    );
    try {
      const preview = await this.#api.preview(this.#draft(), { attributes });
      if (asked !== this.#previews) return;
      this.state.preview = preview;
      this.state.previewFailure = '';
      this.#show(preview.problems);
    } catch (error) {
      if (asked !== this.#previews) return;
      if (error instanceof ApiFailure && error.field !== undefined) {
        this.#show([{ field: error.field, message: error.message }]);
      } else {
        this.state.previewFailure = failureText(error);
      }
    }
  }

  /** @returns the saved broadcast; nothing if it was not saved, for the reason that is shown */
  async save(): Promise<Broadcast | undefined> {
    const { state } = this;
    state.isSaving = true;
    state.failure = '';
    try {
      const draft = this.#draft();
      const saved = state.base
        ? await this.#api.edit(state.base, draft)
        : await this.#api.create(draft);
      this.#keeper.save(undefined);
      state.base = saved;
      state.theirs = undefined;
      state.isRestored = false;
      state.form = formOf(saved);
      return saved;
    } catch (error) {
      await this.#refuse(error);
      return undefined;
    } finally {
      state.isSaving = false;
    }
  }

  /** Somebody may have changed it meanwhile: then that is shown before this one saves. */
  async lookForOthers(): Promise<void> {
    const { base } = this.state;
    if (!base || this.state.isSaving) return;
    const newest = await this.#api.get(base.id).catch(() => undefined);
    // Saved meanwhile, by this one.
    if (!newest || this.state.base !== base || newest.revision <= base.revision) return;
    if (newest.revision <= (this.state.theirs?.broadcast.revision ?? 0)) return;
    await this.#meet(newest);
  }

  /** Their text instead of this one. */
  takeTheirs(): void {
    const { theirs } = this.state;
    if (!theirs) return;
    this.state.base = theirs.broadcast;
    this.state.form = formOf(theirs.broadcast);
    this.state.theirs = undefined;
    this.state.failure = '';
    this.keep();
  }

  /** This text stays, as an edit of their revision: saving it replaces theirs. */
  keepMine(): void {
    const { theirs } = this.state;
    if (!theirs) return;
    this.state.base = theirs.broadcast;
    this.state.theirs = undefined;
    this.state.failure = '';
    this.keep();
  }

  /** As if nothing had been written. */
  discard(): void {
    this.state.form = this.#baseForm();
    this.state.isRestored = false;
    this.#keeper.save(undefined);
  }

  #draft() {
    return draftOf(this.state.form, this.state.base);
  }

  #baseForm(): DraftForm {
    return this.state.base ? formOf(this.state.base) : emptyForm();
  }

  async #restore(): Promise<void> {
    const kept = this.#keeper.load();
    if (!kept || isSame(kept.form, this.state.form)) return;
    this.state.form = kept.form;
    this.state.isRestored = true;
    const { base } = this.state;
    if (base && kept.revision !== base.revision) await this.#meet(base);
  }

  async #refuse(error: unknown): Promise<void> {
    const { base } = this.state;
    if (error instanceof ApiFailure && error.field !== undefined) {
      this.#show([{ field: error.field, message: error.message }]);
      this.state.failure = 'It was not saved: see what is marked.';
      return;
    }
    this.state.failure = failureText(error);
    if (codeOf(error) !== 'revision_conflict' || !base) return;
    const newest = await this.#api.get(base.id).catch(() => undefined);
    if (newest) await this.#meet(newest);
  }

  async #meet(newest: Broadcast): Promise<void> {
    const last = await this.#api.audit(newest.id, undefined, 1).catch(() => undefined);
    const by = last?.lines[0]?.operator;
    // Nothing was written here: there is nothing to decide.
    if (!this.isDirty.value) {
      this.state.base = newest;
      this.state.form = formOf(newest);
      return;
    }
    this.state.theirs = { broadcast: newest, by };
    this.state.failure = '';
  }

  #show(problems: { field: string; message: string }[]): void {
    this.state.problems = {};
    for (const { field, message } of problems) {
      const at = fieldOfPath(field) ?? '';
      this.state.problems[at] ??= at === '' && field !== '' ? `${field}: ${message}` : message;
    }
  }
}
