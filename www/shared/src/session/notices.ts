import { reactive } from 'vue';

const SHOWN_MS = 6_000;
const NOTICES_MAX = 3;

export interface Notice {
  id: number;
  text: string;
}

/** Short messages that go away by themselves. */
export class Notices {
  readonly shown = reactive<Notice[]>([]);
  private count = 0;

  show(text: string): void {
    if (this.shown.some((notice) => notice.text === text)) return;
    this.count += 1;
    const id = this.count;
    this.shown.push({ id, text });
    if (this.shown.length > NOTICES_MAX) this.shown.shift();
    setTimeout(() => {
      this.dismiss(id);
    }, SHOWN_MS);
  }

  dismiss(id: number): void {
    const at = this.shown.findIndex((notice) => notice.id === id);
    if (at >= 0) this.shown.splice(at, 1);
  }
}
