// Which page is shown: in the address, so that a link leads to it and Back works.
import { computed, onScopeDispose, ref, shallowRef } from 'vue';

import { STATES, type BroadcastState } from './api/types.ts';

export type Route =
  | { page: 'list'; states: BroadcastState[] }
  | { page: 'new' }
  | { page: 'broadcast'; id: number }
  | { page: 'edit'; id: number }
  | { page: 'allow-list' }
  | { page: 'history' };

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [, id, verb] = /^broadcasts\/(\d+)(?:\/(edit))?$/.exec(path) ?? [];
  if (id !== undefined) return { page: verb === 'edit' ? 'edit' : 'broadcast', id: Number(id) };
  if (path === 'new' || path === 'allow-list' || path === 'history') return { page: path };
  const wanted = new URLSearchParams(query).get('state')?.split(',') ?? [];
  return { page: 'list', states: STATES.filter((state) => wanted.includes(state)) };
}

export function hashOf(route: Route): string {
  switch (route.page) {
    case 'list':
      return route.states.length > 0 ? `#/?state=${route.states.join(',')}` : '#/';
    case 'broadcast':
      return `#/broadcasts/${route.id}`;
    case 'edit':
      return `#/broadcasts/${route.id}/edit`;
    default:
      return `#/${route.page}`;
  }
}

/** Set while a page has something to lose: leaving it asks first. */
export const holdsUnsaved = ref(false);

export const goTo = (route: Route): void => {
  location.hash = hashOf(route);
};

/** The route, and where to the operator wants to leave an unsaved page. */
export function useRoute() {
  const shown = ref(location.hash);
  const wanted = shallowRef<string>();

  function changed(): void {
    if (location.hash === shown.value) return;
    if (holdsUnsaved.value) {
      wanted.value = location.hash;
      history.pushState(null, '', shown.value === '' ? '#/' : shown.value);
    } else {
      shown.value = location.hash;
    }
  }
  /** Before the address changes: so a page that was not left is not in the way of Back. */
  function clicked(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const hash = link?.getAttribute('href') ?? '';
    const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!holdsUnsaved.value || opensElsewhere || !hash.startsWith('#')) return;
    event.preventDefault();
    wanted.value = hash;
  }
  function leave(): void {
    holdsUnsaved.value = false;
    if (wanted.value !== undefined) location.hash = wanted.value;
    wanted.value = undefined;
  }
  function stay(): void {
    wanted.value = undefined;
  }
  function closing(event: BeforeUnloadEvent): void {
    if (holdsUnsaved.value) event.preventDefault();
  }

  window.addEventListener('hashchange', changed);
  window.addEventListener('beforeunload', closing);
  document.addEventListener('click', clicked);
  onScopeDispose(() => {
    window.removeEventListener('hashchange', changed);
    window.removeEventListener('beforeunload', closing);
    document.removeEventListener('click', clicked);
  });
  const isLeaving = computed(() => wanted.value !== undefined);
  return { route: computed(() => routeOf(shown.value)), isLeaving, leave, stay };
}
