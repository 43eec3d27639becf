import { expect, test } from 'vitest'
import { create, open, preview, start } from '../../src/index.ts'
import { scriptedProvider } from '../../src/testing/scripted.ts'
import {
  configOf,
  endOf,
  type Fields,
  goodOnes,
  isGood,
  model,
  number,
  optionsOf,
  recordsIn,
  rowsBelow,
  rowsOf,
} from './scene.ts'

// A run that makes rows until so many are accepted.

test('makes rows until so many are accepted, and no more than are in flight beyond that', async () => {
  const provider = model()
  const end = endOf(60)
  const result = await create(optionsOf('first', { select: { ...goodOnes, target: 60 } }, provider))

  expect(result.end).toEqual({ kind: 'complete' })
  expect(result.selection).toEqual({ target: 60, accepted: 60, candidates: end, most: 600 })
  expect(result.rows).toMatchObject({ requested: end, accepted: 60, rejected: end - 60 })
  expect(result.rejections).toMatchObject([{ name: 'select.where', code: 'not-selected' }])
  const rows = rowsOf(await recordsIn(result))
  expect(rows).toEqual(rowsBelow(end, isGood))
  // A verdict a candidate, a tale for those that are good; rows behind the last one cost what was in flight.
  expect(provider.calls.length).toBeLessThanOrEqual(end + 60 + 8)
  const asked = provider.calls.length

  // Going on with it costs nothing, and neither does a smaller target; a larger one pays for the new rows.
  await create(optionsOf('first', { select: { ...goodOnes, target: 60 } }, provider))
  const less = { ...optionsOf('first', { select: { ...goodOnes, target: 25 } }, provider) }
  await expect(create(less)).rejects.toMatchObject({ code: 'target-too-small' })
  const shrunk = await create({ ...less, shrink: true })
  expect(shrunk.selection).toMatchObject({ accepted: 25, candidates: endOf(25) })
  expect(rowsOf(await recordsIn(shrunk))).toEqual(rows.slice(0, 25))
  expect(provider.calls.length).toBe(asked)

  const grown = await create({ ...less, rows: 90 })
  const grownEnd = endOf(90)
  expect(grown.selection).toMatchObject({ target: 90, accepted: 90, candidates: grownEnd })
  expect(rowsOf(await recordsIn(grown)).length).toBe(90)
  expect(provider.calls.length).toBeLessThanOrEqual(grownEnd + 90 + 8)
  expect(new Set(provider.calls.map(({ prompt }) => prompt)).size).toBe(provider.calls.length)
})

test('the result does not depend on the order in which rows end, nor on interrupts', async () => {
  const fields = { select: { ...goodOnes, target: 50 } }
  const steady = await create(optionsOf('steady', fields, model()))
  const uneven = model((row) => (row % 13 === 0 ? 25 : row % 3))
  for (const after of [30, 80]) {
    await using run = await start(optionsOf('uneven', fields, uneven))
    await expect.poll(() => uneven.calls.length, { interval: 1 }).toBeGreaterThan(after)
    run.drain()
    const { end, selection, files } = await run.finished
    expect([end.kind, files]).toEqual(['interrupted', []])
    expect(selection?.accepted).toBeLessThan(50)
    await using dataset = await open(run.directory)
    expect((await dataset.summary()).selection).toMatchObject({ target: 50, most: 500 })
  }
  const result = await create(optionsOf('uneven', fields, uneven))
  expect(result.selection).toEqual(steady.selection)
  expect(await recordsIn(result)).toEqual(await recordsIn(steady))
  expect(uneven.calls.length).toBeLessThanOrEqual(endOf(50) + 50 + 3 * 8)
  expect(new Set(uneven.calls.map(({ prompt }) => prompt)).size).toBe(uneven.calls.length)
})

test('when all candidates are made, the run stops or keeps what there is', async () => {
  const provider = model()
  const select = { ...goodOnes, target: 30, max_candidates: 50 }
  const there = rowsBelow(50, isGood)
  const stopped = await create(optionsOf('short', { select }, provider))
  expect(stopped.end).toMatchObject({ kind: 'stopped' })
  expect(stopped.selection).toEqual({
    target: 30,
    accepted: there.length,
    candidates: 50,
    most: 50,
  })
  expect(stopped.files).toEqual([])
  const asked = provider.calls.length

  const kept = await create(
    optionsOf('short', { select: { ...select, on_exhausted: 'keep' } }, provider),
  )
  expect(kept.end).toEqual({ kind: 'complete' })
  expect(rowsOf(await recordsIn(kept))).toEqual(there)
  expect(provider.calls.length).toBe(asked)

  const further = await create(
    optionsOf('short', { select: { ...select, max_candidates: 500 } }, provider),
  )
  expect(further.selection).toMatchObject({ accepted: 30, candidates: endOf(30) })
})

test('counts what dedupe keeps, what validators reject, and what fails', async () => {
  const provider = scriptedProvider(({ prompt }) => {
    const row = Number(/\d+/.exec(prompt)?.[0])
    if (row % 11 === 10) return { status: 400, message: 'no tens' }
    return row % 5 === 4 ? 'no' : `text ${(row * row) % 97}`
  })
  const fields: Fields = {
    select: { target: 20 },
    columns: [
      number,
      { name: 'text', column_type: 'llm-text', model_alias: 'm', prompt: 'text {{ n }}' },
      {
        name: 'check',
        column_type: 'validation',
        target_columns: ['text'],
        validator_type: 'length',
        validator_params: { min: 3 },
        on_invalid: 'reject',
      },
    ],
    processors: [{ name: 'once', processor_type: 'dedupe', columns: ['text'] }],
  }
  const seen = new Set<number>()
  const isNew = (row: number): boolean => {
    if (row % 11 === 10 || row % 5 === 4 || seen.has((row * row) % 97)) return false
    return seen.add((row * row) % 97).has((row * row) % 97)
  }
  const end = endOf(20, isNew)
  const result = await create(optionsOf('dedupe', fields, provider))
  expect(result.end).toEqual({ kind: 'complete' })
  expect(result.selection).toMatchObject({ target: 20, accepted: 20, candidates: end })
  const records = await recordsIn(result)
  expect(records.length).toBe(20)
  expect(new Set(records.map(({ text }) => text)).size).toBe(20)
  const asked = provider.calls.length
  expect(asked).toBeLessThanOrEqual(end + 2 * 8)

  // More different ones continue from there; a preview selects, too.
  const more = await create({ ...optionsOf('dedupe', fields, provider), rows: 24 })
  expect(more.selection).toMatchObject({ target: 24, accepted: 24 })
  expect((await recordsIn(more)).slice(0, 20)).toEqual(records)
  const { out: _out, ...shown } = optionsOf('', fields, provider)
  const { records: first } = await preview({ ...shown, rows: 3 })
  expect(first).toEqual(records.slice(0, 3))
})

test('dropped rows that are made again take the place of later ones', async () => {
  let mended = false
  const provider = scriptedProvider(({ prompt }) => {
    const row = Number(/\d+/.exec(prompt)?.[0])
    if (row % 4 === 1 && !mended) return { status: 400, message: 'no' }
    return prompt.startsWith('judge') ? (isGood(row) ? 'good' : 'bad') : 'a tale'
  })
  const options = optionsOf('mended', { select: { ...goodOnes, target: 20 } }, provider)
  const first = await create({
    ...options,
    runConfig: { ...(options.runConfig as object), disable_early_shutdown: true },
  })
  expect(first.selection?.accepted).toBe(20)
  mended = true
  const result = await create({ ...options, retryDropped: true })
  expect(result.selection).toMatchObject({ accepted: 20, candidates: endOf(20) })
  expect(rowsOf(await recordsIn(result))).toEqual(rowsBelow(endOf(20), isGood))
})

test('a selection over columns that cost nothing, and whole frames of rows', async () => {
  const fields: Fields = {
    select: { where: '{{ n % 7 == 3 }}', target: 30 },
    columns: [number, { name: 'twice', column_type: 'expression', expr: '{{ n }}{{ n }}' }],
  }
  const result = await create(optionsOf('free', fields, model()))
  expect(rowsOf(await recordsIn(result))).toEqual(Array.from({ length: 30 }, (_, at) => 7 * at + 3))
})

test('what is wrong with a selection is said with its place', async () => {
  const wrong = (select: object, more: object = {}): Promise<unknown> =>
    create({
      ...optionsOf('wrong', { select }, model()),
      config: { config: { ...configOf({ select }), ...more } },
    }).catch((error: unknown) => error)
  expect(await wrong({ target: 0 })).toMatchObject({
    problems: [{ path: ['select', 'target'], code: 'out-of-range' }],
  })
  expect(await wrong({ target: 5, max_candidates: 3 })).toMatchObject({
    problems: [{ path: ['select', 'max_candidates'], code: 'out-of-range' }],
  })
  expect(await wrong({ target: 5, where: '{{ verdit }}' })).toMatchObject({
    problems: [{ path: ['select', 'where'], code: 'unknown-reference' }],
  })
  expect(await wrong({ target: 5 }, { rows: 7 })).toMatchObject({
    problems: [{ path: ['rows'], code: 'conflicting-fields' }],
  })
  const processors = [
    { name: 'mixed', processor_type: 'shuffle' },
    { name: 'once', processor_type: 'dedupe' },
  ]
  expect(await wrong({ target: 5 }, { processors })).toMatchObject({
    problems: [{ path: ['processors', 0], code: 'uncountable-selection' }],
  })
})
