import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'
import { isThorough } from './test/support/thorough.ts'

/** What takes longest, beside tests of the same kind that are always run: THOROUGH=1 runs them, too. */
const longTests = [
  'test/big-rows.test.ts',
  'test/crash/{vectors,whole-column,media,export,usage,custom}.test.ts',
  'test/crash/{seed-cycles,same-values,select}.test.ts',
  'src/store/{history,unreadable}.test.ts',
  'src/seeds/formats/parquet-{damage,columns}.test.ts',
  'src/seeds/join/join-memory.test.ts',
]

// Threads and processes that tests start compile what they load once.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'rowsmith-tests-compile-cache')

export default defineConfig({
  test: {
    globalSetup: ['test/host/start-hosts.ts'],
    setupFiles: ['test/support/setup.ts'],
    exclude: isThorough ? configDefaults.exclude : [...configDefaults.exclude, ...longTests],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    // Of a machine whose cores are busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Files of a user that a test wrote: Node imports them, as it does for users.
    server: { deps: { external: [/\/rowsmith-e2e-[^/]+\//] } },
    reporters: ['default'],
  },
})
