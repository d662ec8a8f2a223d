import { defineConfig } from 'vite';

// Where `seqline-relay serve --dev` listens; another address in SEQLINE_RELAY.
const relay = process.env['SEQLINE_RELAY'] ?? 'http://127.0.0.1:7340';

export default defineConfig({
  base: '/docs/api/',
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The reference is one library, loaded by who opens the page.
    chunkSizeWarningLimit: 2000,
  },
  server: {
    proxy: {
      '/v1': { target: relay },
      '/dev': { target: relay },
    },
  },
});
