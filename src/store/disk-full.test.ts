import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, afterEach, expect, test } from 'vitest'
import { systemClock } from '../util/clock.ts'
import { journaledPart, partContent } from '../../test/support/part-content.ts'
import type { PartContent } from '../rows/part-content.ts'
import { createStore, openStore } from './store.ts'
import type { RunSettings } from './run-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'rowsmith-full-'))

function mount(...parameters: readonly string[]): boolean {
  try {
    execFileSync('mount', [...parameters, folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function unmount(): void {
  execFileSync('umount', [folder])
}

// A disk that fills up for real needs the right to mount one.
const canMount = process.platform === 'linux' && mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
if (canMount) unmount()

const settings: RunSettings = {
  name: 'full',
  seed: 1n,
  rows: 1000,
  frameRows: 1000,
  partRows: 1000,
  config: '{}',
  seedIdentity: null,
  columns: [{ name: 'a', type: 'string', fingerprint: 'f', material: '', drop: false }],
}

/** Text that no compression makes small. */
function noise(row: number, length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i += 1) {
    text += createHash('sha256').update(`${row} ${i}`).digest('base64')
  }
  return text.slice(0, length)
}

afterAll(() => rmSync(folder, { recursive: true }))

const title = canMount ? '' : ' (skipped: no right to mount a small tmpfs here)'

beforeEach(() => {
  if (canMount) mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs')
})
afterEach(() => {
  if (canMount) unmount()
})

test.skipIf(!canMount)(
  `a full disk ends the journal, and nothing durable is lost${title}`,
  async () => {
    const directory = join(folder, 'run')
    const store = await createStore(directory, settings, { clock: systemClock })
    const failed = new Promise<Error>((resolve) => {
      store.journal.onDurable((error) => {
        if (error !== null) resolve(error)
      })
    })
    let durable = 0
    let full: unknown = null
    try {
      for (let row = 0; row < 200; row += 1) {
        store.journal.cell({ row, column: 0, value: noise(row, 30_000) })
        await store.flush()
        durable += 1
      }
    } catch (error) {
      full = error
    }
    expect(full).toMatchObject({ code: 'disk-full' })
    expect(await failed).toBe(full)
    expect(durable).toBeGreaterThan(3)
    await expect(store.totals()).rejects.toMatchObject({
      code: 'disk-full',
      hints: [expect.stringContaining('Free space')],
    })
    await store.close()

    mount('-o', 'remount,size=32m')
    await using again = await openStore(directory, { clock: systemClock })
    const { cells } = await journaledPart(again, 0)
    expect(cells.length).toBeGreaterThanOrEqual(durable)
    for (const { row, value } of cells) expect(value).toBe(noise(row, 30_000))
    again.journal.cell({ row: 900, column: 0, value: 'goes on' })
    await again.flush()
  },
)

test.skipIf(!canMount)(
  `a part that does not fit leaves no file, and the rest continues${title}`,
  async () => {
    const directory = join(folder, 'run')
    const rows = Array.from({ length: 100 }, (_, row) => row)
    const columns = [rows.map((row) => noise(row, 40_000))]
    const content = (): PartContent =>
      partContent(['string'], { part: 0, rows, columns, blockRows: 10 })
    await using store = await createStore(directory, settings, { clock: systemClock })
    await expect(store.writePart(content())).rejects.toMatchObject({ code: 'disk-full' })
    expect(readdirSync(join(directory, 'parts'))).toStrictEqual([])
    store.journal.cell({ row: 0, column: 0, value: 'still written' })
    await store.flush()

    mount('-o', 'remount,size=32m')
    await store.writePart(content())
    expect(await store.totals()).toMatchObject({ accepted: 100 })
  },
)
