import { createPlan, groupsOf, type Plan } from '../src/plan/plan.ts'
import { RowSet } from '../src/plan/row-set.ts'
import { compare, retained, time, type Figure } from './harness.ts'

const groupRows = 1000
const frameRows = 1000
const partRows = 5000
const million = 1_000_000

function freshPlan(groups: number, decided = RowSet.empty): Plan {
  return createPlan({ target: groups * groupRows, decided, groupRows, frameRows, partRows })
}

/** Permuted ids, twice as wide apart as there are, so that none touches another. */
function shuffledRows(count: number): Float64Array {
  const rows = new Float64Array(count)
  for (let i = 0; i < count; i += 1) rows[i] = (i * 14) % (2 * count)
  return rows
}

function* counting(count: number): Generator<number> {
  for (let i = 0; i < count; i += 1) yield i
}

function sumCounting(): number {
  let sum = 0
  for (const i of counting(million)) sum += i
  return sum
}

function sumCursor(plan: Plan): number {
  const cursor = groupsOf(plan)
  let sum = 0
  for (let group = cursor.next(); group !== null; group = cursor.next()) sum += group.size
  return sum
}

function sumIterated(plan: Plan): number {
  let sum = 0
  for (const group of groupsOf(plan)) sum += group.size
  return sum
}

function repeat(times: number, work: () => unknown): () => unknown {
  return () => {
    let last: unknown
    for (let i = 0; i < times; i += 1) last = work()
    return last
  }
}

export async function run(): Promise<readonly Figure[]> {
  return [...construction(), ...iteration(), ...rowSets()]
}

function construction(): Figure[] {
  const holes = RowSet.fromRows([499_999_999, 999_999_998])
  const calls = 10_000
  const perCall = compare({
    million: repeat(calls, () => freshPlan(million)),
    billion: repeat(calls, () => freshPlan(1000 * million)),
    holes: repeat(calls, () =>
      groupsOf(freshPlan(million, RowSet.fromRows([499_999_999, 999_999_998]))).next(),
    ),
  })
  const microseconds = 1000 / calls
  return [
    { name: 'construct, 10^6 groups', value: perCall.million * microseconds, unit: 'µs' },
    { name: 'construct, 10^9 groups', value: perCall.billion * microseconds, unit: 'µs' },
    {
      name: 'construct and first group, 2 holes in 10^6 groups',
      value: perCall.holes * microseconds,
      unit: 'µs',
      limit: 100,
    },
    {
      name: 'retained, 10^6 groups',
      value: retained(() => freshPlan(million)),
      unit: 'bytes',
      limit: 2048,
    },
    {
      name: 'retained with cursor, 10^9 groups and 2 holes',
      value: retained(() => {
        const cursor = groupsOf(freshPlan(1000 * million, holes))
        cursor.next()
        return cursor
      }),
      unit: 'bytes',
      limit: 2048,
    },
  ]
}

function iteration(): Figure[] {
  const plan = freshPlan(million)
  const everyGroupCut = freshPlan(
    million,
    RowSet.fromIntervals(
      Array.from({ length: million }, (_, i) => ({ start: i * 1000 + 500, end: i * 1000 + 501 })),
    ),
  )
  const times = compare({
    counting: sumCounting,
    cursor: () => sumCursor(plan),
    iterated: () => sumIterated(plan),
    holed: () => sumCursor(everyGroupCut),
  })
  return [
    { name: 'bare counting generator, 10^6', value: times.counting, unit: 'ms' },
    { name: 'cursor over 10^6 groups', value: times.cursor, unit: 'ms', limit: 2 * times.counting },
    {
      name: 'for-of over 10^6 groups',
      value: times.iterated,
      unit: 'ms',
      limit: 2 * times.counting,
    },
    { name: 'cursor over 10^6 groups with a hole each', value: times.holed, unit: 'ms' },
  ]
}

function rowSets(): Figure[] {
  const shuffled = shuffledRows(million)
  const checkerboard = RowSet.fromRows(shuffled)
  const probes = shuffled.subarray(0, 100_000)
  const build = time(() => RowSet.fromRows(shuffled), { rounds: 7 })
  const has = time(() => probes.reduce((count, row) => count + Number(checkerboard.has(row)), 0))
  return [
    { name: 'row set of 10^6 shuffled rows', value: build, unit: 'ms', limit: 1000 },
    {
      name: 'checkerboard of 10^6 rows, retained',
      value: retained(() => RowSet.fromRows(shuffled)) / 2 ** 20,
      unit: 'MiB',
      limit: 24,
    },
    {
      name: 'complement of the checkerboard',
      value: time(() => checkerboard.complement(2 * million), { rounds: 7 }),
      unit: 'ms',
    },
    {
      name: 'has, checkerboard of 10^6 rows',
      value: (has * 1_000_000) / probes.length,
      unit: 'ns',
      note: 'per row',
    },
  ]
}
