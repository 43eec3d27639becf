import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    setupFiles: ['test/support/setup.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    // Of a machine whose cores are busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Files of a user that a test wrote: Node imports them, as it does for users.
    server: { deps: { external: [/\/rowsmith-e2e-[^/]+\//] } },
    reporters: ['default'],
  },
})
