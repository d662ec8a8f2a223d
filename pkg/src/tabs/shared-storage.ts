/** Where the tab that leads keeps the records of all. */
import { FencedError } from '../storage/fence.js';
import { memoryStorage } from '../storage/memory.js';
import type { Changes, Storage } from '../types.js';
import type { TabBrowser } from './browser.js';
import type { PlacesRecord } from './places.js';
import { messageIdsIn, placesIn } from './records.js';
import { takeGroupSlot, type GroupSlot } from './slot.js';

export interface SharedStorageParts {
  browser: TabBrowser;
  account: string;
  /** Names the tabs that share it. */
  group: string;
  /** The slot that the tab that led before used. */
  knownSlot: number | undefined;
  warn: (message: string) => void;
  /** It is to be released when this tab leads no longer. */
  took(slot: GroupSlot): void;
  /** What the session goes on from. */
  opened(slot: number | undefined, places: PlacesRecord, messageIds: string[]): void;
  /** Called before these places are kept. */
  passed(places: PlacesRecord): void;
  /** Another tab leads, and has the records. */
  lost(): void;
}

export interface SharedStorage extends Storage {
  /** Whether no other tab has opened it since. */
  isOurs(): Promise<boolean>;
}

export async function openSharedStorage(parts: SharedStorageParts): Promise<SharedStorage> {
  const { browser, account, group, knownSlot, warn } = parts;
  const slot = await takeGroupSlot(browser.locks, account, group, knownSlot);
  if (!slot) warn('too many tabs of this account are open; these keep nothing over a reload');
  else parts.took(slot);
  const storage = slot
    ? await browser.openStorage({ account, number: slot.number, warn })
    : await memoryStorage()(account);
  const write = async (changes: Changes): Promise<void> => {
    try {
      await storage.write(changes);
    } catch (error) {
      if (error instanceof FencedError) parts.lost();
      throw error;
    }
  };
  return {
    isOurs: async () => {
      try {
        await write([]);
        return true;
      } catch (error) {
        // One that fails otherwise tells nothing.
        return !(error instanceof FencedError);
      }
    },
    load: async () => {
      const records = await storage.load();
      const places = placesIn(records) ?? { own: 0, crowds: {} };
      parts.opened(slot?.number, places, messageIdsIn(records));
      return records;
    },
    write: (changes) => {
      const places = placesIn(changes);
      if (places) parts.passed(places);
      return write(changes);
    },
    close: () => {
      storage.close();
      slot?.release();
    },
  };
}
