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
  #used_bytes = 0;

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
    const used = this.#used_bytes - this.#sizeOf(key) + size;
    if (used > this.quota.total_bytes_max) return 'total';
    this.#items.set(key, json);
    this.#used_bytes = used;
    return undefined;
  }

  remove(key: string): void {
    this.#used_bytes -= this.#sizeOf(key);
    this.#items.delete(key);
  }

  clear(): void {
    this.#items.clear();
    this.#used_bytes = 0;
  }

  get keys(): string[] {
    return [...this.#items.keys()];
  }

  get used_bytes(): number {
    return this.#used_bytes;
  }

  #sizeOf(key: string): number {
    return Buffer.byteLength(this.#items.get(key) ?? '');
  }
}
