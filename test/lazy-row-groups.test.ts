import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { create } from '../src/index.ts'
import { createPlan, groupAt, groupsOf, type Plan } from '../src/plan/plan.ts'
import { RowSet } from '../src/plan/row-set.ts'
import { isRowsmithError, messageOf } from '../src/util/errors.ts'

// Where this project began: NeMo Data Designer once built lists of all row groups before the first
// row, and then made them lazy. Here a run is a set of rows; groups are computed when they are
// needed, so a run of any size is prepared in the same few kilobytes.

const groupRows = 2
const million = 1_000_000

interface AncestorPlan {
  original: number
  target: number
  bufferSize: number
}

/**
 * Size and first row of a group by its number, by NeMo Data Designer's formula: groups of the original
 * target first, then those of the extension, which never fill the last original group.
 */
function ancestorGroup({ original, target, bufferSize }: AncestorPlan, id: number) {
  const originals = Math.ceil(original / bufferSize)
  return id < originals
    ? { start: id * bufferSize, size: Math.min(bufferSize, original - id * bufferSize) }
    : {
        start: original + (id - originals) * bufferSize,
        size: Math.min(bufferSize, target - original - (id - originals) * bufferSize),
      }
}

function ancestorGroupCount({ original, target, bufferSize }: AncestorPlan): number {
  return Math.ceil(original / bufferSize) + Math.ceil((target - original) / bufferSize)
}

/** The plan of a run that is resumed with these groups missing. */
function resumedPlan(ancestor: AncestorPlan, missing: readonly number[]): Plan {
  const { target, bufferSize } = ancestor
  const remaining = RowSet.fromIntervals(
    missing.map((id) => {
      const { start, size } = ancestorGroup(ancestor, id)
      return { start, end: start + size }
    }),
  )
  return createPlan({
    target,
    decided: remaining.complement(target),
    groupRows: bufferSize,
    frameRows: bufferSize,
    partRows: bufferSize * Math.ceil(4096 / bufferSize),
  })
}

/** Ids below `count`, about a third of them, by a small generator of its own. */
function third(count: number): number[] {
  const ids: number[] = []
  let state = 729
  for (let id = 0; id < count; id += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    if (state % 3 === 0) ids.push(id)
  }
  return ids
}

/** Compares every group of a plan with NeMo Data Designer's formula, without an assertion per group. */
function firstDifference(plan: Plan, ancestor: AncestorPlan, ids: readonly number[]): unknown {
  const cursor = groupsOf(plan)
  for (const id of ids) {
    const expected = ancestorGroup(ancestor, id)
    const group = cursor.next()
    if (group === null || group.start !== expected.start || group.size !== expected.size) {
      return { id, expected, received: group }
    }
  }
  return cursor.next()
}

const preparation = fileURLToPath(new URL('guard/preparation.ts', import.meta.url))
/** Room for what is measured: nothing is collected meanwhile. */
const flags = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128']

describe('preparing a run', () => {
  test('of 10^6 or 10^9 groups allocates less than 1 MiB and makes no object per group', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, preparation])
    const { million: small, billion: large, openGroups } = JSON.parse(stdout)
    expect(small, stdout).toBeGreaterThan(0)
    expect(small, stdout).toBeLessThan(2 ** 20)
    expect(large, stdout).toBeLessThan(2 ** 20)
    // The number of groups must not show at all.
    expect(Math.abs(large - small), stdout).toBeLessThan(2 ** 17)
    expect(openGroups, stdout).toBe(0)
  })
})

describe('a resumed run with holes', () => {
  const ancestor = {
    original: million * groupRows,
    target: million * groupRows,
    bufferSize: groupRows,
  }

  test('has its two missing groups where they were', () => {
    const missing = [17, 999_998]
    const plan = resumedPlan(ancestor, missing)
    expect(plan.remaining).toBe(4)
    expect(firstDifference(plan, ancestor, missing)).toBeNull()
  })

  test('has a third of its groups, missing at random, where they were', () => {
    const missing = third(million)
    const plan = resumedPlan(ancestor, missing)
    expect(missing.length).toBeGreaterThan(million / 4)
    expect(plan.remaining).toBe(missing.length * groupRows)
    expect(firstDifference(plan, ancestor, missing)).toBeNull()
  })

  test('has sizes and offsets of NeMo Data Designer whatever is missing, and when it is asked for one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.boolean()),
        (target, bufferSize, isMissing) => {
          const example = { original: target, target, bufferSize }
          const ids = Array.from({ length: ancestorGroupCount(example) }, (_, id) => id)
          const missing = ids.filter(() => isMissing.next().value)
          const plan = resumedPlan(example, missing)
          expect(firstDifference(plan, example, missing)).toBeNull()
          const asked = ids.map((id) => {
            try {
              const { start, size } = groupAt(plan, ancestorGroup(example, id).start)
              return { start, size }
            } catch (error) {
              return isRowsmithError(error) ? error.code : messageOf(error)
            }
          })
          const answers = ids.map((id) =>
            missing.includes(id) ? ancestorGroup(example, id) : 'group-unknown',
          )
          expect(asked).toEqual(answers)
        },
      ),
    )
  })

  test.each([
    { original: 5, target: 8, bufferSize: 2, missing: [3, 4] },
    { original: 2500, target: 4000, bufferSize: 1000, missing: [3, 4] },
    { original: 0, target: 1, bufferSize: 1000, missing: [0] },
  ])('continues behind $original rows up to $target', ({ missing, ...example }) => {
    expect(firstDifference(resumedPlan(example, missing), example, missing)).toBeNull()
  })
})

describe('refused with both numbers', () => {
  const sizes = { groupRows: 2, frameRows: 2, partRows: 4096 }

  test('a target below the stored one', () => {
    expect(() =>
      createPlan({ ...sizes, target: 8, decided: RowSet.empty, storedTarget: 2_000_000 }),
    ).toThrow(
      expect.objectContaining({
        code: 'target-too-small',
        message: 'expected a target of at least the 2000000 rows planned so far, got 8',
      }),
    )
  })

  test('a target that contradicts what is decided', () => {
    const decided = RowSet.fromIntervals([{ start: 0, end: 10 }])
    expect(() => createPlan({ ...sizes, target: 8, decided })).toThrow(
      expect.objectContaining({
        code: 'target-too-small',
        message: 'expected a target above every decided row, got 8 while row 9 is decided',
      }),
    )
  })

  test('by a run folder too, which stays as it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rowsmith-lazy-'))
    try {
      const out = join(folder, 'run')
      const config = {
        config: {
          columns: [
            {
              column_type: 'sampler',
              name: 'topic',
              sampler_type: 'category',
              params: { values: ['a', 'b'] },
            },
          ],
        },
      }
      await create({ config, out, rows: 5 })
      await expect(create({ config, out, rows: 3 })).rejects.toMatchObject({
        code: 'target-too-small',
        message: 'rows: the run was planned for 5, and 3 were requested',
      })
      // A ledger in which a stored count is no count, as NeMo Data Designer's resume metadata once was.
      const ledger = new DatabaseSync(join(out, 'ledger.sqlite'))
      ledger.exec("UPDATE meta SET value = '-2' WHERE key = 'rows'")
      ledger.close()
      await expect(create({ config, out, rows: 5 })).rejects.toMatchObject({
        code: 'ledger-corrupt',
        message: 'the ledger is damaged: meta.rows is "-2", expected a whole number from 0',
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('a group the plan does not hold', () => {
  const plan = createPlan({
    target: 10,
    decided: RowSet.fromRows([0, 1]),
    groupRows: 2,
    frameRows: 2,
    partRows: 4096,
  })

  test.each([
    [0, 'which is decided'],
    [10, 'and the run has rows 0–9'],
    [-2, 'and the run has rows 0–9'],
    [2.5, 'and the run has rows 0–9'],
    [Number.NaN, 'and the run has rows 0–9'],
  ])('is a typed refusal: row %d', (row, why) => {
    expect(() => groupAt(plan, row)).toThrow(
      expect.objectContaining({
        code: 'group-unknown',
        message: `expected the first row of a group that remains, got ${row}, ${why}`,
      }),
    )
  })
})
