// What was typed and not sent, for each conversation. Survives a reload.
import { inject, reactive, watch, type InjectionKey } from 'vue';

const DRAFTS_MAX = 50;
const DRAFT_LENGTH_MAX = 20_000;

export type Drafts = Map<string, string>;

export function openDrafts(account: string): Drafts {
  const key = keyOf(account);
  const drafts = reactive(new Map(load(key)));
  watch(drafts, () => {
    save(key, [...drafts].slice(-DRAFTS_MAX));
  });
  return drafts;
}

export const draftsKey: InjectionKey<Drafts> = Symbol('drafts');

/** The drafts of the page that a component is on. */
export function useDrafts(): Drafts {
  const drafts = inject(draftsKey);
  if (!drafts) throw new Error('There are no drafts here.');
  return drafts;
}

export function setDraft(drafts: Drafts, conv: string, text: string): void {
  drafts.delete(conv);
  if (text.trim() !== '') drafts.set(conv, text.slice(0, DRAFT_LENGTH_MAX));
}

export function forgetDrafts(account: string): void {
  save(keyOf(account), []);
}

const keyOf = (account: string): string => `seqline.drafts.${account}`;

function load(key: string): [string, string][] {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '[]') as [string, string][];
  } catch {
    return [];
  }
}

function save(key: string, drafts: [string, string][]): void {
  try {
    if (drafts.length === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(drafts));
  } catch {
    // Without storage they last as long as the page.
  }
}
