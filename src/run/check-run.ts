import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { seedFolder } from '../check/run-place.ts'
import { rowCounts, type RowCounts } from '../report/run-result.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import { checkFiles, type FileChecks } from '../store/check-files.ts'
import { checkLedger, type LedgerCheck } from '../store/check-ledger.ts'
import { inspectStore } from '../store/inspect-store.ts'
import { ledgerName, missing } from '../store/ledger-file.ts'
import { readHolder } from '../store/lock.ts'
import { restoreLedger } from '../store/restore-ledger.ts'
import { openStore } from '../store/store.ts'
import type { RunStore } from '../store/run-store.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { isRowsmithError, RowsmithError } from '../util/errors.ts'

/** Options of `checkRun`. */
export interface CheckRunOptions {
  /**
   * Restores what it can and plans the rest again: rows of damaged parts become undecided.
   * What is good stays. Nothing is sent.
   */
  repair?: boolean
  clock?: Clock
}

/** The result of checking every byte of a run folder. */
export interface RunCheck {
  dir: string
  /** Whether nothing is damaged, or everything was repaired that can be. */
  ok: boolean
  ledger: LedgerCheck
  /** Null where the ledger is damaged: only it knows the files. */
  files: FileChecks | null
  /** Each row has one outcome or remains; null where the ledger is damaged. */
  rows: RowCounts | null
  /** What is wrong with the stored seed rows; null for nothing, and where the run has none. */
  seed: string | null
  /** What was repaired; null if nothing was. */
  repaired: Repair | null
}

interface Repair {
  /** The damaged ledger, which stays in the folder; null where the ledger was whole. */
  damagedLedger: string | null
  /** Rows that are planned again. */
  rows: number
  /** The most cells of these rows that are paid again, by column. */
  cells: { column: string; cells: number }[]
  /** What could not be restored, in words. */
  lost: string[]
}

/** Checks every byte of a run folder, without a lock; repairs it on request. */
export async function checkRun(
  directory: string,
  { repair = false, clock = systemClock }: CheckRunOptions = {},
): Promise<RunCheck> {
  const dir = resolve(directory)
  const ledgerPath = join(dir, ledgerName)
  if ((await stat(ledgerPath).catch(() => null)) === null) throw missing(ledgerPath)
  const found = await lookAt(dir, ledgerPath)
  if (!repair || found.ok) return found
  const holder = readHolder(dir)
  if (holder !== null) {
    throw new RowsmithError(
      'folder-locked',
      `${dir} is in use by process ${holder.pid} on ${holder.host}: it can't be repaired meanwhile`,
      { hints: [`Wait for process ${holder.pid} to end or stop it.`] },
    )
  }
  const restored =
    found.ledger.damage === null ? null : restoreLedger(dir, found.ledger, clock.wallTime())
  const mended = await mend(dir, clock)
  const after = await lookAt(dir, ledgerPath)
  const lost = [
    ...(restored?.isOlder === true
      ? [
          `The copy of the ledger is older than the ledger was: only ${restored.kept} has the results since then.`,
        ]
      : []),
    ...(after.files?.media.damaged.length
      ? [
          `Media files can't be made again: put them back from a copy of the run folder or of an export.`,
        ]
      : []),
    ...(after.seed === null ? [] : [after.seed]),
  ]
  return {
    ...found,
    ok: after.ok,
    rows: after.rows,
    files: found.files ?? after.files,
    repaired: { damagedLedger: restored?.kept ?? null, ...mended, lost },
  }
}

async function lookAt(dir: string, ledgerPath: string): Promise<RunCheck> {
  const ledger = await checkLedger(ledgerPath)
  const isWhole = ledger.damage === null
  const files = isWhole ? await checkFiles(dir, ledgerPath) : null
  const store = isWhole ? await inspectStore(dir) : null
  const seed = store === null || store.settings.seedIdentity === null ? null : await seedDamage(dir)
  const damaged = [files?.parts, files?.dataset, files?.media].flatMap(
    (checked): unknown[] => checked?.damaged ?? [],
  )
  return {
    dir,
    ok: isWhole && ledger.beside === null && seed === null && damaged.length === 0,
    ledger,
    files,
    rows: store === null ? null : rowCounts(store.settings.rows, store.totals),
    seed,
    repaired: null,
  }
}

async function seedDamage(dir: string): Promise<string | null> {
  const folder = join(dir, seedFolder)
  if ((await stat(folder).catch(() => null)) === null) return null
  try {
    await readSeedDescription(folder)
    return null
  } catch (error) {
    if (!isRowsmithError(error)) throw error
    return error.message
  }
}

/** Opening and closing a run writes the copy of its ledger again. */
async function mend(dir: string, clock: Clock): Promise<Pick<Repair, 'rows' | 'cells'>> {
  await using store = await openStore(dir, { clock })
  const damage = await store.findDamage()
  if (damage.parts.length === 0 && !damage.dataset) return { rows: 0, cells: [] }
  const cells = await cellsOf(store, damage.parts)
  const undecided = await store.forgetDamaged(damage)
  return { rows: undecided.reduce((sum, { start, end }) => sum + end - start, 0), cells }
}

/** Cells that only the parts hold, at most: their records in columns that cost something. */
async function cellsOf(store: RunStore, parts: readonly number[]): Promise<Repair['cells']> {
  let records = 0
  for (const part of parts) records += (await store.partRecord(part))?.accepted ?? 0
  if (records === 0) return []
  return store.settings.columns
    .filter(({ pure, material }) => pure !== true && !isSide(material))
    .map(({ name }) => ({ column: name, cells: records }))
}

/** A side column costs nothing by itself. */
function isSide(material: string): boolean {
  const parsed: unknown = JSON.parse(material)
  return typeof parsed === 'object' && parsed !== null && 'producer' in parsed
}
