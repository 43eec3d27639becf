import type { ColumnType } from '../graph/column-type.ts'
import type { InvalidReasons, JudgedScore } from '../profile/judgements.ts'
import type { Value } from '../util/value.ts'
import { isInvalid, reasonOf } from '../validators/verdict.ts'
import { type RecordFiles, sampleRecords } from './sample-records.ts'

/** Records that are looked at, and reasons that are kept. */
const mostRecords = 2_000
const keptReasons = 8
const mostReasons = 2_000

/** Why validators called values invalid: of those columns that did, from some of the records. */
export async function invalidReasons(
  files: RecordFiles,
  types: ReadonlyMap<string, ColumnType>,
  judges: readonly JudgedScore[],
): Promise<InvalidReasons[]> {
  const found: InvalidReasons[] = []
  for (const { column, score, given } of judges) {
    const wasInvalid = given.some(({ option, count }) => option === 'false' && count > 0)
    const type = types.get(column)
    if (!wasInvalid || type !== 'json') continue
    const target = score === 'is_valid' ? null : score
    /** By what they have in common: figures in them differ from record to record. */
    const reasons = new Map<string, { reason: string; count: number }>()
    let records = 0
    for await (const { values } of sampleRecords(files, new Map([[column, type]]), mostRecords)) {
      records += 1
      const verdict = verdictIn(values.get(column) ?? null, target)
      if (verdict === null || !isInvalid(verdict)) continue
      const reason = reasonOf(verdict)
      const key = reason.replaceAll(/\d[\d.,]*/g, '#')
      const known = reasons.get(key)
      if (known !== undefined) known.count += 1
      else if (reasons.size < mostReasons) reasons.set(key, { reason, count: 1 })
    }
    if (reasons.size > 0)
      found.push({ column, target, records, reasons: mostFrequent([...reasons.values()]) })
  }
  return found
}

function verdictIn(value: Value, target: string | null): ReadonlyMap<string, Value> | null {
  const whole = value instanceof Map ? (value as ReadonlyMap<string, Value>) : null
  if (target === null || whole === null) return whole
  const own = whole.get(target)
  return own instanceof Map ? (own as ReadonlyMap<string, Value>) : null
}

function mostFrequent(reasons: InvalidReasons['reasons']): InvalidReasons['reasons'] {
  return reasons
    .toSorted((one, other) => other.count - one.count || (one.reason < other.reason ? -1 : 1))
    .slice(0, keptReasons)
}
