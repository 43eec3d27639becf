import { expect, test } from 'vitest'
import { createCheckThread, isNoAnswer } from './check-thread.ts'

const thread = { name: 'check-code.worker', home: import.meta.url, flags: ['--no-warnings'] }
const sqlite = { engine: 'sqlite', as: 'sqlite', grammar: null }

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
