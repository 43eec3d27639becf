import { expect, test } from 'vitest'
import { type AgreementLevel, krippendorffAlpha, weightedPairs } from './krippendorff.ts'
import { createScoreCounts, type ScoreCells } from './score-counts.ts'

/** Four coders, twelve units: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), C. */
const fourCoders = [
  '1 2 3 3 2 1 4 1 2 . . .',
  '1 2 3 3 2 2 4 1 2 5 . 3',
  '. 3 3 3 2 3 4 2 2 5 1 .',
  '1 2 3 3 2 4 4 1 2 5 1 .',
]
/** Two coders, ten units with two values, and twelve with five: A and B of the same paper. */
const twoBinary = ['0 1 0 0 0 0 0 0 1 0', '1 1 1 0 0 1 0 0 0 0']
const twoNominal = ['a a b b d c c c e d d a', 'b a b b b c c c e d d d']

function cellsOf(coders: readonly string[]): (string | null)[][] {
  return coders.map((line) => line.split(' ').map((word) => (word === '.' ? null : word)))
}

function plain(cells: readonly (string | number | bigint | null)[]): ScoreCells {
  return { cells, hasObjects: false }
}

function judged(cells: readonly (string | null)[]): ScoreCells {
  return { cells, hasObjects: true }
}

function alphaOf(coders: readonly string[], level: AgreementLevel): number | null {
  const counts = createScoreCounts()
  counts.addAll(cellsOf(coders).map(plain))
  const pairs = weightedPairs(counts.store()?.['']?.pairs ?? {})
  return krippendorffAlpha(pairs, level, ['0', '1', '2', '3', '4', '5'])
}

/** By the definition, from all pairs of values, without a coincidence matrix. */
function alphaByPairs(
  coders: readonly string[],
  squared: (one: number, other: number, all: readonly number[]) => number,
): number {
  const cells = cellsOf(coders)
  const units = (cells[0] ?? []).map((_, unit) =>
    cells.flatMap((line) => (line[unit] === null ? [] : [Number(line[unit])])),
  )
  const pairable = units.filter((unit) => unit.length > 1)
  const all = pairable.flat()
  let observed = 0
  for (const unit of pairable) {
    for (const one of unit) {
      for (const other of unit) observed += squared(one, other, all) / (unit.length - 1)
    }
  }
  let expected = 0
  for (const one of all) for (const other of all) expected += squared(one, other, all)
  return 1 - observed / all.length / (expected / (all.length * (all.length - 1)))
}

function ordinalSquared(one: number, other: number, all: readonly number[]): number {
  const [low, high] = [Math.min(one, other), Math.max(one, other)]
  const between = all.filter((value) => value >= low && value <= high).length
  const ends = all.filter((value) => value === low || value === high).length
  return low === high ? 0 : (between - ends / 2) ** 2
}

test('the published examples have the published alphas', () => {
  const published: [readonly string[], AgreementLevel, number][] = [
    [twoBinary, 'nominal', 0.095],
    [twoNominal, 'nominal', 0.692],
    [fourCoders, 'nominal', 0.743],
    [fourCoders, 'ordinal', 0.815],
    [fourCoders, 'interval', 0.849],
  ]
  for (const [coders, level, alpha] of published) {
    expect(alphaOf(coders, level), level).toBeCloseTo(alpha, 3)
  }
})

test('alpha is what its definition says, pair by pair', () => {
  const nominal = (one: number, other: number): number => (one === other ? 0 : 1)
  expect(alphaOf(fourCoders, 'nominal')).toBeCloseTo(alphaByPairs(fourCoders, nominal), 12)
  expect(alphaOf(fourCoders, 'ordinal')).toBeCloseTo(alphaByPairs(fourCoders, ordinalSquared), 12)
  const interval = (one: number, other: number): number => (one - other) ** 2
  expect(alphaOf(fourCoders, 'interval')).toBeCloseTo(alphaByPairs(fourCoders, interval), 12)
})

test('where all scores are the same, or one has no place on the scale, there is no alpha', () => {
  expect(alphaOf(['1 1 1', '1 1 1'], 'nominal')).toBeNull()
  expect(alphaOf(['1 . 2', '. 1 .'], 'nominal')).toBeNull()
  expect(alphaOf(['1 9 2', '1 9 1'], 'ordinal')).toBeNull()
  expect(alphaOf(['1 9 2', '1 9 1'], 'nominal')).toBeCloseTo(0.545, 3)
})

test('counts of parts, merged in whatever order, are those of the whole', () => {
  const cells = cellsOf(fourCoders)
  const whole = createScoreCounts()
  whole.addAll(cells.map(plain))
  const parts = [
    [7, 12],
    [0, 3],
    [3, 7],
  ].map(([from, to]) => {
    const counts = createScoreCounts()
    counts.addAll(cells.map((line) => plain(line.slice(from, to))))
    return counts.store()
  })
  const merged = createScoreCounts()
  for (const part of parts) merged.merge(part)
  expect(merged.store()).toStrictEqual(whole.store())
  expect(whole.store()?.['']).toMatchObject({
    units: { 2: 1, 3: 2, 4: 8 },
    between: {
      '0,1': [
        ['1', '1', 2],
        ['1', '2', 1],
        ['2', '2', 3],
        ['3', '3', 2],
        ['4', '4', 1],
      ],
    },
  })
})

test('scores stand in judged objects, next to them as they are, and numbers as texts', () => {
  const counts = createScoreCounts()
  counts.addAll([
    judged(['{"Tone":{"reasoning":"r","score":"3"},"Rhyme":{"score":"Good"}}', null, '"skipped"']),
    judged(['{"Tone":{"score":3},"Length":5}', '{"Tone":{"score":4}}', '{}']),
    plain([3, 4n, '{']),
  ])
  const stored = counts.store()
  expect(Object.keys(stored ?? {})).toStrictEqual(['Rhyme', 'Tone'])
  expect(stored?.['Tone']).toStrictEqual({
    given: [
      [['3', 1]],
      [
        ['3', 1],
        ['4', 1],
      ],
      [
        ['3', 1],
        ['4', 1],
      ],
    ],
    units: { 2: 1, 3: 1 },
    pairs: { 2: [['4', '4', 1]], 3: [['3', '3', 3]] },
    between: {
      '0,1': [['3', '3', 1]],
      '0,2': [['3', '3', 1]],
      '1,2': [
        ['3', '3', 1],
        ['4', '4', 1],
      ],
    },
  })
  expect(stored?.['Rhyme']?.pairs).toStrictEqual({ 2: [['3', 'Good', 1]] })
})

test('what is no scale is given up on, once and for all', () => {
  const counts = createScoreCounts()
  counts.addAll([plain(Array.from({ length: 30_000 }, (_, row) => row / 7))])
  expect(counts.store()).toBeNull()
  const merged = createScoreCounts()
  merged.merge(null)
  merged.addAll([plain(['3'])])
  expect(merged.store()).toBeNull()
  const long = createScoreCounts()
  long.addAll([plain(['x'.repeat(200)])])
  expect(long.store()).toBeNull()
})
