/** What a mini-program keeps on a device, with the quotas of its host. It outlives the app. */

/** Of a text that did not fit. */
export type Refusal = 'item' | 'total';

export interface Quota {
  item_bytes_max: number;
  total_bytes_max: number;
}

export const WECHAT_QUOTA: Quota = { item_bytes_max: 1 << 20, total_bytes_max: 10 << 20 };
export const ALIPAY_QUOTA: Quota = { item_bytes_max: 200 << 10, total_bytes_max: 10 << 20 };

export class DeviceStorage {
  readonly quota: Quota;
  readonly #items = new Map<string, string>();

  constructor(quota: Quota) {
    this.quota = quota;
  }

  /** As JSON. */
  get(key: string): string | undefined {
    return this.#items.get(key);
  }

  /** @returns why it is not kept; what was there before stays then */
  set(key: string, json: string): Refusal | undefined {
    const size = Buffer.byteLength(json);
    if (size > this.quota.item_bytes_max) return 'item';
    const before = Buffer.byteLength(this.#items.get(key) ?? '');
    if (this.used_bytes - before + size > this.quota.total_bytes_max) return 'total';
    this.#items.set(key, json);
    return undefined;
  }

  remove(key: string): void {
    this.#items.delete(key);
  }

  clear(): void {
    this.#items.clear();
  }

  get keys(): string[] {
    return [...this.#items.keys()];
  }

  get used_bytes(): number {
    let size = 0;
    for (const json of this.#items.values()) size += Buffer.byteLength(json);
    return size;
  }
}
