import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('guard/allocations.ts', import.meta.url))
/** Room for a measured run: nothing is collected in it. */
const flags = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128']

test('the three hottest paths allocate no more per cell than they are known to', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program])
  const bytes = JSON.parse(stdout) as Record<string, number>
  // About 1.4 times what was measured: time depends on the machine, this does not.
  const most = { modelCell: 8_500, pureRow: 2_300, journaledCell: 500 }
  for (const [path, limit] of Object.entries(most)) {
    expect(bytes[path], `${path}: bytes allocated, of ${stdout}`).toBeLessThan(limit)
    // Far less is good news, and a bound that says nothing any more.
    expect(bytes[path], `${path}: set a lower bound, of ${stdout}`).toBeGreaterThan(limit / 3)
  }
})
