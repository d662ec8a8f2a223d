import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    // Two cores of a busy CI machine: what takes a second here may take many there.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Reconnecting may take several attempts, with pauses that grow.
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
  },
});
