import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RowSet } from '../plan/row-set.ts'
import { messageOf } from '../util/errors.ts'
import { copyName, readSum, sumName } from './ledger-copy.ts'
import { corrupt } from './ledger-corrupt.ts'
import { readDecided, readPartRows } from './ledger-decided.ts'
import { openLedgerForReading, readCount, type LedgerFile } from './ledger-file.ts'
import { readAbsent } from './ledger-parts.ts'
import { readSettings } from './ledger-run.ts'
import { readHolder } from './lock.ts'
import { hashOfFile } from './verify.ts'

/** What a look at the ledger amounted to. */
export interface LedgerCheck {
  /** Null for a ledger that is whole. */
  damage: string | null
  /** Whether its bytes were compared with those of its last closing; else its content was looked at. */
  bytesCompared: boolean
  /** Of the copy that the last closing left: whole, as old as the ledger or older; or not there. */
  copy: 'whole' | 'older' | 'damaged' | 'none'
  /** Damage of what stands next to it, which only its next closing needs. */
  beside: string | null
}

/** Looks at every byte of a ledger that is closed, and at the structure and content of any. */
export async function checkLedger(ledgerPath: string): Promise<LedgerCheck> {
  const directory = dirname(ledgerPath)
  const sum = readSum(ledgerPath)
  const copyPath = join(directory, copyName)
  const [own, copied] = [await hashOfFile(ledgerPath), await hashOfFile(copyPath)]
  const isOpen = hasLog(ledgerPath) || readHolder(directory) !== null
  if (sum === null) {
    const hasSum = existsSync(join(directory, sumName))
    // A copy without a sum is proved by the ledger alone.
    const same = copied !== null && copied === own && !isOpen
    return {
      damage: same ? null : damageIn(ledgerPath),
      bytesCompared: same,
      copy: copied === null ? 'none' : same ? 'whole' : 'damaged',
      beside: hasSum || copied !== null ? `${sumName} is damaged or missing` : null,
    }
  }
  const copyIsWhole = copied === sum.sha256
  if (!sum.closed || isOpen) {
    return {
      damage: damageIn(ledgerPath),
      bytesCompared: false,
      copy: copied === null ? 'none' : copyIsWhole ? 'older' : 'damaged',
      beside: null,
    }
  }
  const copy = copied === null ? 'none' : copyIsWhole ? 'whole' : 'damaged'
  if (own === sum.sha256) {
    const beside = copyIsWhole ? null : `${copyName} is damaged or missing`
    return { damage: damageIn(ledgerPath), bytesCompared: true, copy, beside }
  }
  // Two files of three agree.
  if (own === copied && own !== null) {
    return {
      damage: damageIn(ledgerPath),
      bytesCompared: true,
      copy: 'whole',
      beside: `${sumName} is damaged`,
    }
  }
  const why = damageIn(ledgerPath) ?? 'its bytes are not those of its last closing'
  return { damage: why, bytesCompared: true, copy, beside: null }
}

/** Changes that are not in the file yet, or that a crash left next to it. */
function hasLog(ledgerPath: string): boolean {
  const path = `${ledgerPath}-wal`
  return existsSync(path) && statSync(path).size > 0
}

/** What is wrong with the content of a ledger; null for nothing. */
function damageIn(ledgerPath: string): string | null {
  try {
    const ledger = openLedgerForReading(ledgerPath)
    try {
      return ledger.read(() => structureDamage(ledger))
    } finally {
      ledger.close()
    }
  } catch (error) {
    return messageOf(error)
  }
}

function structureDamage(ledger: LedgerFile): string | null {
  const found = ledger.all('PRAGMA integrity_check(1)')[0]?.['integrity_check']
  if (found !== 'ok') return String(found)
  const { settings } = readSettings(ledger)
  accountForRows(ledger, settings.partRows)
  return null
}

/** Every decided row is of a part and has one outcome there; throws where that is not so. */
function accountForRows(ledger: LedgerFile, partRows: number): void {
  const decided = RowSet.fromIntervals(readDecided(ledger, partRows))
  let rows = 0
  for (const row of ledger.all('SELECT * FROM part ORDER BY number')) {
    const part = readCount(row, 'number', 'part.number')
    const own = readPartRows(row, part, partRows)
    const [start, end] = [part * partRows, (part + 1) * partRows]
    if (!own.subtract(decided.intersect(start, end)).isEmpty) {
      throw corrupt(`part ${part}: decided`, own.count, 'rows that the table decided has')
    }
    rows += own.count
    const count = (field: string): number => readCount(row, field, `part ${part}: ${field}`)
    const [accepted, dropped, rejected] = [count('accepted'), count('dropped'), count('rejected')]
    if (accepted + dropped + rejected !== own.count) {
      throw corrupt(`part ${part}: outcomes`, accepted + dropped + rejected, `${own.count} rows`)
    }
    const absent = readAbsent(ledger, start, end)
    const gone = absent.filter(({ outcome }) => outcome === 'dropped').length
    if (gone !== dropped || absent.length - gone !== rejected) {
      throw corrupt(
        `part ${part}: absent rows`,
        `${gone} dropped and ${absent.length - gone} rejected`,
        `${dropped} and ${rejected}`,
      )
    }
  }
  if (rows !== decided.count) {
    throw corrupt('decided', decided.count, `the ${rows} rows that parts have decided`)
  }
}
