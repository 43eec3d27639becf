import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startWorker } from './worker-calls.ts'
import type { WriterCalls } from '../store/writer.worker.ts'

const store = new URL('../store/store.ts', import.meta.url).href

test('an error keeps its code and hints on the way between threads', async () => {
  const writer = startWorker<WriterCalls>('writer.worker', store)
  try {
    const failing = writer.call('joinFile', {
      path: '/dev/null/file',
      columns: [],
      parts: [],
      clipLastAt: null,
    })
    await expect(failing).rejects.toMatchObject({
      name: 'RowsmithError',
      code: 'storage-failed',
      message: expect.stringContaining('joining /dev/null/file'),
    })
    // The thread continues with the next call.
    await expect(writer.call('finishPart')).rejects.toThrow(/no part was begun/)
  } finally {
    await writer.end()
  }
})

test('calls to a thread that has ended reject, open ones too', async () => {
  const writer = startWorker<WriterCalls>('writer.worker', store)
  const open = writer.call('finishPart').catch((error: unknown) => error)
  await writer.end()
  expect(await open).toMatchObject({ code: 'internal' })
  await expect(writer.call('finishPart')).rejects.toThrow(/thread has ended/)
})

test('a thread that was left is taken over by the next of its file; one with an open call ends', async () => {
  const first = startWorker<WriterCalls>('writer.worker', store)
  await first.call('beginPart', {
    path: '/dev/null/part',
    columns: [],
    old: null,
    place: { part: 0, endRow: 1 },
  })
  await first.leave()
  await expect(first.call('damagedFiles', [])).rejects.toThrow(/was left/)
  const next = startWorker<WriterCalls>('writer.worker', store)
  // It is the thread in which a part was begun, in a place where none can be.
  await expect(next.call('finishPart')).rejects.toThrow(/\/dev\/null\/part/)
  const open = next.call('damagedFiles', []).catch(() => undefined)
  await next.leave()
  // Its answer may have been on its way.
  await open
  await expect(next.call('damagedFiles', [])).rejects.toThrow(/thread has ended/)
})

/**
 * Ends threads while the answer of a call is on its way, with nothing else to live for.
 *
 * Which comes first, the answer or the end, is up to the system: hence several times.
 */
const program = `
  import { startWorker } from '${new URL('./worker-calls.ts', import.meta.url).href}'
  for (let round = 0; round < 6; round += 1) {
    const writer = startWorker('writer.worker', '${store}')
    const ask = () => writer.call('finishPart').catch(() => undefined)
    // Started and quick from here on.
    await ask()
    const first = ask()
    const second = ask()
    await first
    // The second answer arrives in this time and is read after end() has begun.
    for (const until = performance.now() + 5; performance.now() < until;);
    await writer.end()
    await second
  }
  console.log('ended')
`

test('a process waits for the end of a thread whose last answer comes late', async () => {
  const flags = ['--input-type=module-typescript', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  expect(stdout).toBe('ended\n')
})
