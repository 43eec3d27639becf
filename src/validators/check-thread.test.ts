import { expect, test } from 'vitest'
import { createCheckThread, isNoAnswer } from './check-thread.ts'

const thread = { name: 'check-code.worker', home: import.meta.url, flags: ['--no-warnings'] }
const sqlite = { engine: 'sqlite', as: 'sqlite', grammar: null }

test('a check that takes too long ends its thread, and the next one starts another', async () => {
  const checks = createCheckThread({ ...thread, longestMs: 0, longestLoadMs: 60_000 })
  const [one, other] = await Promise.all([
    checks.check('check', [sqlite, 'SELECT 1']),
    checks.check('check', [sqlite, 'SELECT 2']),
  ])
  const late = { gaveUp: 'time', message: 'the check took longer than 0 s' }
  expect([one, other]).toEqual([late, late])
  await checks.close()
})

test('a thread is replaced after some checks, and when it has no such operation', async () => {
  const checks = createCheckThread({ ...thread, checks: 1 })
  for (const code of ['SELECT 1', 'SELECT 2', 'SELECT 3']) {
    expect(await checks.check('check', [sqlite, code])).toEqual({ faults: [] })
  }
  const broken = await checks.check('nothing', [sqlite])
  expect(isNoAnswer(broken)).toBe(true)
  expect(await checks.check('check', [sqlite, 'SELECT'])).toEqual({
    faults: ['PRS: Line 1: incomplete input'],
  })
  await checks.close()
})
