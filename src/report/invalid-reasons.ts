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
    const reasons = new Map<string, number>()
    let records = 0
    for await (const { values } of sampleRecords(files, new Map([[column, type]]), mostRecords)) {
      records += 1
      const verdict = verdictIn(values.get(column) ?? null, target)
      if (verdict === null || !isInvalid(verdict)) continue
      const reason = reasonOf(verdict)
      if (reasons.has(reason) || reasons.size < mostReasons) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
    }
    if (reasons.size > 0) found.push({ column, target, records, reasons: mostFrequent(reasons) })
  }
  return found
}

function verdictIn(value: Value, target: string | null): ReadonlyMap<string, Value> | null {
  const whole = value instanceof Map ? (value as ReadonlyMap<string, Value>) : null
  if (target === null || whole === null) return whole
  const own = whole.get(target)
  return own instanceof Map ? (own as ReadonlyMap<string, Value>) : null
}

function mostFrequent(reasons: ReadonlyMap<string, number>): InvalidReasons['reasons'] {
  return [...reasons]
    .map(([reason, count]) => ({ reason, count }))
    .sort((one, other) => other.count - one.count || (one.reason < other.reason ? -1 : 1))
    .slice(0, keptReasons)
}
