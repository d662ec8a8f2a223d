// What was written and not saved, kept in this window: a reload or an ended log-in loses no text.
import type { DraftForm } from './draft-form.ts';

export interface KeptForm {
  form: DraftForm;
  /** Of which revision it is an edit; none for a new broadcast. */
  revision?: number;
}

/** Keeps a form under a name. */
export interface FormKeeper {
  load(): KeptForm | undefined;
  save(kept: KeptForm | undefined): void;
}

export function sessionKeeper(name: string): FormKeeper {
  const key = `seqline.console.form.${name}`;
  return {
    load() {
      try {
        const text = sessionStorage.getItem(key);
        return text === null ? undefined : (JSON.parse(text) as KeptForm);
      } catch {
        return undefined;
      }
    },
    save(kept) {
      try {
        if (kept) sessionStorage.setItem(key, JSON.stringify(kept));
        else sessionStorage.removeItem(key);
      } catch {
        // Without storage, leaving the page asks first all the same.
      }
    },
  };
}
