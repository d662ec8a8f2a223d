import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

// Where `seqline-relay serve --dev` listens; another address in SEQLINE_RELAY.
const relay = process.env['SEQLINE_RELAY'] ?? 'http://127.0.0.1:7340';

export default defineConfig({
  base: '/console/',
  plugins: [vue()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/v1': { target: relay },
      '/dev': { target: relay },
    },
  },
  test: {
    include: ['tests/**/*.test.ts'],
  },
});
