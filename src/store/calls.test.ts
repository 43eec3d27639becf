import { expect, test } from 'vitest'
import { startWorker } from './calls.ts'
import type { WriterCalls } from './writer.worker.ts'

test('an error keeps its code and hints on the way between threads', async () => {
  const writer = startWorker<WriterCalls>('writer.worker')
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
    // The thread goes on with the next call.
    await expect(writer.call('writePart', '/none', null)).rejects.toThrow(/no part was collected/)
  } finally {
    await writer.end()
  }
})

test('calls to a thread that has ended reject, open ones too', async () => {
  const writer = startWorker<WriterCalls>('writer.worker')
  const open = writer.call('writePart', '/none', null).catch((error: unknown) => error)
  await writer.end()
  expect(await open).toMatchObject({ code: 'internal' })
  await expect(writer.call('writePart', '/none', null)).rejects.toThrow(/thread has ended/)
  expect(() => writer.tell('values', 0, [])).toThrow(/thread has ended/)
})
