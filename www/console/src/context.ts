// What every page of the console works with.
import type { Notices } from '@seqline/shared/session/notices.ts';
import { inject, type InjectionKey } from 'vue';

import type { OperatorApi } from './api/operator-api.ts';

export interface Context {
  api: OperatorApi;
  notices: Notices;
}

export const contextKey: InjectionKey<Context> = Symbol('context');

export function useContext(): Context {
  const context = inject(contextKey);
  if (!context) throw new Error('used outside of the console');
  return context;
}
