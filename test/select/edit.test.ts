import { expect, test } from 'vitest'
import {
  create,
  forecast,
  type RunEvent,
  type RunOptions,
  type RunResult,
  start,
} from '../../src/index.ts'
import type { ScriptedProvider } from '../../src/testing/scripted.ts'
import {
  endOf,
  type Fields,
  goodOnes,
  isFine,
  isGood,
  model,
  number,
  optionsOf,
  recordsIn,
  rowsBelow,
  rowsOf,
  slots,
  tale,
  text,
  verdict,
} from './scene.ts'

// A run that selects its rows, and whose config changes: of a column that the condition reads, of another
// one, and of the selection itself.

const target = 60
const end = endOf(target)
const first: Fields = { select: { ...goodOnes, target } }

interface Session {
  result: RunResult
  requests: number
  /** Requests that were foreseen; null where nothing changed. */
  foreseen: number | null
}

interface Desk {
  provider: ScriptedProvider
  run: (fields: Fields, more?: Partial<RunOptions>) => Promise<Session>
}

async function createDesk(name: string): Promise<Desk> {
  const provider = model()
  async function run(fields: Fields, more: Partial<RunOptions> = {}): Promise<Session> {
    const before = provider.calls.length
    let foreseen: number | null = null
    const result = await create({
      ...optionsOf(name, fields, provider),
      ...more,
      onEvent(event: RunEvent) {
        if (event.type === 'config-changed') foreseen = event.plan.requests
      },
    })
    return { result, requests: provider.calls.length - before, foreseen }
  }
  await run(first)
  return { provider, run }
}

/** What a run that was never edited has. */
async function plainly(name: string, fields: Fields): Promise<Record<string, unknown>[]> {
  return recordsIn(await create(optionsOf(`${name} beside`, fields, model())))
}

test('an edit of what the condition does not read pays for the accepted rows alone', async () => {
  const { provider, run } = await createDesk('other')
  const edited: Fields = { ...first, columns: [number, verdict, text('tale', 'story {{ n }}')] }
  await expect(run(edited)).rejects.toMatchObject({
    code: 'fingerprint-changed',
    message: expect.stringContaining(`tale (changed): ${target} cells, about ${target} requests`),
  })
  const { result, requests, foreseen } = await run(edited, { edit: true })
  expect([requests, foreseen]).toEqual([target, target])
  expect(result.selection).toMatchObject({ target, accepted: target, candidates: end })
  const records = await recordsIn(result)
  expect(records).toEqual(await plainly('other', edited))
  expect(records[0]?.['tale']).toBe(`story of ${rowsBelow(end, isGood)[0]}`)

  const undone = await run(first, { edit: true })
  expect(undone.requests).toBe(0)
  expect(rowsOf(await recordsIn(undone.result))).toEqual(rowsBelow(end, isGood))

  // In the middle of it nothing is lost, and no verdict is asked for again.
  const longer: Fields = { ...first, columns: [number, verdict, text('tale', 'saga {{ n }}')] }
  const before = provider.calls.length
  for (const after of [10, 35]) {
    await using session = await start({ ...optionsOf('other', longer, provider), edit: true })
    await expect
      .poll(() => provider.calls.length - before, { interval: 1 })
      .toBeGreaterThanOrEqual(after)
    session.abort()
    expect((await session.finished).end.kind).toBe('interrupted')
  }
  const { result: last } = await run(longer)
  const asked = provider.calls.slice(before).map(({ prompt }) => prompt)
  expect(asked.length).toBeLessThanOrEqual(target + 2 * slots)
  expect(asked.filter((prompt) => !prompt.startsWith('saga'))).toEqual([])
  expect(await recordsIn(last)).toEqual(await plainly('sagas', longer))
})

test('an edit of what the condition reads judges every candidate again, rejected ones too', async () => {
  const { provider, run } = await createDesk('read')
  const strict: Fields = {
    ...first,
    columns: [number, text('verdict', 'judge strictly {{ n }}'), tale],
  }
  const before = provider.calls.length
  // Rejected rows are judged again, and get no tale.
  const { forecast: asForecast } = await forecast(optionsOf('read', strict, provider))
  expect(asForecast.columns).toMatchObject([{ column: 'verdict', cells: end }])
  expect(asForecast.columns).toHaveLength(1)
  const { result, foreseen } = await run(strict, { edit: true })
  expect(foreseen).toBe(end)
  const fineEnd = endOf(target, isFine)
  expect(result.selection).toMatchObject({ target, accepted: target, candidates: fineEnd })
  const records = await recordsIn(result)
  expect(rowsOf(records)).toEqual(rowsBelow(fineEnd, isFine))
  expect(records).toEqual(await plainly('read', strict))
  // Tales of rows that are accepted now as they were before are there.
  const rows = rowsBelow(fineEnd, isFine)
  const fresh = rows.filter((row) => row >= end || !isGood(row))
  const asked = provider.calls.slice(before).map(({ prompt }) => prompt)
  const tales = asked.filter((prompt) => prompt.startsWith('tale'))
  expect(fresh.filter((row) => !tales.includes(`tale ${row}`))).toEqual([])
  expect(asked.length).toBeLessThanOrEqual(fineEnd + fresh.length + slots)
  expect(new Set(asked).size).toBe(asked.length)

  const undone = await run(first, { edit: true })
  expect(undone.requests).toBe(0)
  expect(rowsOf(await recordsIn(undone.result))).toEqual(rowsBelow(end, isGood))
})

test('another condition looks at the candidates that are there again, and asks for no verdict twice', async () => {
  const { provider, run } = await createDesk('condition')
  const isBad = (row: number): boolean => !isGood(row)
  const others: Fields = { select: { where: "{{ verdict == 'bad' }}", target } }
  const before = provider.calls.length
  // It needs no consent, as a filter that changed needs none: what was made stays.
  const { result } = await run(others)
  const badEnd = endOf(target, isBad)
  expect(result.selection).toMatchObject({ accepted: target, candidates: badEnd })
  expect(rowsOf(await recordsIn(result))).toEqual(rowsBelow(badEnd, isBad))
  expect(await recordsIn(result)).toEqual(await plainly('condition', others))
  const asked = provider.calls.slice(before).map(({ prompt }) => prompt)
  expect(asked.filter((prompt) => prompt.startsWith('judge'))).toEqual([])
  expect(asked.length).toBeLessThanOrEqual(target + slots)

  const undone = await run(first)
  expect(undone.requests).toBe(0)
  expect(rowsOf(await recordsIn(undone.result))).toEqual(rowsBelow(end, isGood))
})

test('numbers of a selection change without an edit, and a selection comes and goes', async () => {
  const { run } = await createDesk('numbers')
  const of = (select: object): Fields => ({ select: { ...goodOnes, ...select } })
  const more = await run(of({ target: 70 }))
  expect(more.result.selection).toMatchObject({ accepted: 70, candidates: endOf(70) })
  expect(more.requests).toBeLessThanOrEqual(endOf(70) - end + 10 + slots)
  await expect(run(of({ target }))).rejects.toMatchObject({ code: 'target-too-small' })
  const less = await run(of({ target }), { shrink: true })
  expect(less.requests).toBe(0)

  // Fewer candidates than were made: those beyond are omitted, and are there when more are allowed.
  const few = await run(of({ target, max_candidates: 100, on_exhausted: 'keep' }))
  expect(few.requests).toBe(0)
  expect(rowsOf(await recordsIn(few.result))).toEqual(rowsBelow(100, isGood))
  const back = await run(of({ target }))
  expect(back.requests).toBe(0)
  expect(rowsOf(await recordsIn(back.result))).toEqual(rowsBelow(end, isGood))

  // Without one all rows are made: the rejected ones lack their tales.
  const all = await run({}, { rows: end })
  expect(all.result.rows).toMatchObject({ accepted: end, rejected: 0 })
  expect(all.requests).toBe(end - target)
  const again = await run(first, { shrink: true })
  expect(again.requests).toBe(0)
  expect(rowsOf(await recordsIn(again.result))).toEqual(rowsBelow(end, isGood))
})

test('an edit counts different ones again, and continues from the candidates that are there', async () => {
  const processors = [{ name: 'once', processor_type: 'dedupe', columns: ['tale'] }]
  const fields = (prompt: string): Fields => ({
    select: { target: 20 },
    columns: [number, text('tale', prompt)],
    processors,
  })
  const { run } = await createDesk('different')
  await run(fields('tale {{ n % 25 }}'), { edit: true, shrink: true })
  const edited = fields('{{ ["saga", "song"][n % 2] }} {{ n % 11 }}')
  const { result, requests } = await run(edited, { edit: true })
  const records = await recordsIn(result)
  expect(new Set(records.map((record) => record['tale'])).size).toBe(20)
  expect(records).toEqual(await plainly('different', edited))
  const { candidates = 0 } = result.selection ?? {}
  expect(requests).toBeLessThanOrEqual(candidates + 2 * slots)
})
