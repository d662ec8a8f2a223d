import type { TextStore } from '../../storage/keyed.js';
import { called, type MiniProgramApi } from './api.js';

/** What an app may keep on the device: texts by key. */
export function appStorage(api: MiniProgramApi): TextStore {
  return {
    keys: async () => (await called(api.getStorageInfo.bind(api), {})).keys ?? [],
    get: async (key) => {
      const { data } = await called(api.getStorage.bind(api), { key });
      if (typeof data !== 'string') throw new Error(`nothing is kept as ${key}`);
      return data;
    },
    set: async (key, data) => {
      await called(api.setStorage.bind(api), { key, data });
    },
    remove: async (key) => {
      await called(api.removeStorage.bind(api), { key });
    },
  };
}
