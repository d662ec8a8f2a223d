// Whom an @ in the composer may mean: suggestions while a name is typed.
import { EVERYONE } from 'seqline';
import { computed, ref, type ComputedRef, type Ref } from 'vue';

import { isAdmin, type GroupFacts } from '../../store/groups.ts';
import { mentionedUsers, typedName } from '../../text/mentions.ts';

const SUGGESTIONS_MAX = 6;

export interface Suggestion {
  /** A user id, or `@all`. */
  user: string;
  /** What stands after the @. */
  name: string;
}

export interface MentionPicker {
  readonly suggestions: Ref<Suggestion[]>;
  readonly active: Ref<number>;
  readonly isOpen: ComputedRef<boolean>;
  /** The text or the caret has changed. */
  update(text: string, caret: number): void;
  close(): void;
  move(step: 1 | -1): void;
  /** @returns the text with the chosen name, and where the caret is then */
  choose(text: string, caret: number, at?: number): { text: string; caret: number } | undefined;
  /** Whom a finished text mentions. */
  mentions(text: string): string[];
}

/** Before all members are known, whoever is named may be one. */
const mayBeMember = (facts: GroupFacts, user: string): boolean =>
  facts.members.has(user) || !facts.hasAllMembers;

export function useMentionPicker(facts: () => GroupFacts | undefined, me: string): MentionPicker {
  const suggestions = ref<Suggestion[]>([]);
  const active = ref(0);

  function update(text: string, caret: number): void {
    const typed = typedName(text, caret);
    suggestions.value = typed ? suggest(typed.name.toLowerCase()) : [];
    active.value = 0;
  }

  function suggest(typed: string): Suggestion[] {
    const known = facts();
    if (!known) return [];
    const users = [...known.members.keys()]
      .filter((user) => user !== me && user.toLowerCase().startsWith(typed))
      .sort()
      .map((user) => ({ user, name: user }));
    const all = isAdmin(known) && 'all'.startsWith(typed) ? [{ user: EVERYONE, name: 'all' }] : [];
    return [...all, ...users].slice(0, SUGGESTIONS_MAX);
  }

  return {
    suggestions,
    active,
    isOpen: computed(() => suggestions.value.length > 0),
    update,
    close() {
      suggestions.value = [];
    },
    move(step) {
      const count = suggestions.value.length;
      active.value = (active.value + step + count) % count;
    },
    choose(text, caret, at = active.value) {
      const chosen = suggestions.value[at];
      const typed = typedName(text, caret);
      if (!chosen || !typed) return undefined;
      const before = `${text.slice(0, typed.start)}@${chosen.name} `;
      suggestions.value = [];
      return { text: before + text.slice(caret).replace(/^ /, ''), caret: before.length };
    },
    mentions(text) {
      const known = facts();
      if (!known) return [];
      return mentionedUsers(text, (user) =>
        user === EVERYONE ? isAdmin(known) : user !== me && mayBeMember(known, user),
      );
    },
  };
}
