import { ref, watch } from 'vue';

const KEY = 'seqline.theme';

export type Theme = 'system' | 'light' | 'dark';

/** The colours the user chose; `system` follows the device. */
export const theme = ref<Theme>(load());

watch(
  theme,
  (chosen) => {
    document.documentElement.dataset['theme'] = chosen;
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // Without storage it lasts as long as the page.
    }
  },
  { immediate: true },
);

function load(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}
