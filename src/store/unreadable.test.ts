import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../util/clock.ts'
import { inspectStore } from './inspect-store.ts'
import type { RunSettings } from './run-settings.ts'
import { createStore } from './store.ts'

let root = ''
let folder = ''

const settings: RunSettings = {
  name: 'bad sectors',
  seed: 1n,
  rows: 2_000,
  frameRows: 1_000,
  partRows: 1_000,
  config: '{}',
  seedIdentity: null,
  columns: [{ name: 'a', type: 'string', fingerprint: 'f', material: '', drop: false }],
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-unreadable-'))
  folder = join(root, 'run')
  await using store = await createStore(folder, settings, { clock: systemClock })
  for (let row = 0; row < 1_000; row += 1) {
    store.journal.cell({ row, column: 0, value: 'x'.repeat(500) })
  }
})
afterAll(() => rmSync(root, { recursive: true }))

/** Only something between a process and its system can make a sound disk fail. */
function canInject(): boolean {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const hasStrace = process.platform === 'linux' && canInject()
const title = hasStrace ? '' : ' (skipped: no strace here)'

const program = `
  import { inspectStore } from '${new URL('./inspect-store.ts', import.meta.url).href}'
  import { openStore } from '${new URL('./store.ts', import.meta.url).href}'
  import { systemClock } from '${new URL('../util/clock.ts', import.meta.url).href}'
  const [folder, what] = process.argv.slice(1)
  try {
    if (what === 'inspect') await inspectStore(folder)
    else await readBack(folder)
    console.log('fine')
  } catch (error) {
    console.log(error.code + ' ' + error.message)
  }
  async function readBack(directory) {
    await using store = await openStore(directory, { clock: systemClock })
    for await (const block of store.readRows([{ start: 0, end: 1_000 }], { maxBytes: 2 ** 16 })) void block
  }
`

/** What a reader of the folder says when reads of the ledger fail from one on. */
async function whenReadsFail(what: 'inspect' | 'open', when: string): Promise<string> {
  const injected = ['-f', '-qq', '-o', '/dev/null', '-P', join(folder, 'ledger.sqlite')]
  const reads = ['-e', 'trace=pread64', '-e', `inject=pread64:error=EIO:when=${when}`]
  const flags = ['--input-type=module-typescript', '--eval', program, folder, what]
  const { stdout } = await promisify(execFile)('strace', [
    ...injected,
    ...reads,
    process.execPath,
    ...flags,
  ])
  return stdout.trim()
}

test.skipIf(!hasStrace).each(['inspect', 'open'] as const)(
  `a ledger that can't be read is a failure of storage, not damaged, to %s${title}`,
  async (what) => {
    for (const when of ['1+', '3+', '8+', '2', '6']) {
      const said = await whenReadsFail(what, when)
      expect(said, `reads failing at ${when}`).toMatch(/^(storage-failed .*ledger\.sqlite|fine$)/)
    }
    expect(await whenReadsFail(what, '1+')).toMatch(/^storage-failed /)
    expect(await whenReadsFail(what, '60000')).toBe('fine')
  },
  60_000,
)

test('a ledger whose pages are damaged is damaged', async () => {
  const path = join(folder, 'ledger.sqlite')
  const bytes = readFileSync(path)
  // Every page but the first, which says that it is a ledger.
  writeFileSync(path, bytes.fill(0xaa, 8_192))
  await expect(inspectStore(folder)).rejects.toMatchObject({
    code: 'ledger-corrupt',
    message: expect.stringContaining('ledger.sqlite'),
  })
})
