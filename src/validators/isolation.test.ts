import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { isolationFault } from './isolation.ts'
import { type IsolatedEnd, runIsolated } from './run-isolated.ts'

// The other way, where bubblewrap is there: the one that is used as a rule is tested with the validator.

const bubblewrap = process.env['BWRAP'] ?? 'bwrap'
const fault = await isolationFault('bubblewrap', bubblewrap)

test('a way that is not there says why', async () => {
  expect(await isolationFault('bubblewrap', '/no/such/bwrap')).toMatch(/no such file/i)
})

describe.skipIf(fault !== null)('what bubblewrap isolates', () => {
  const python = (code: string, given: object = {}): Promise<IsolatedEnd> =>
    runIsolated(
      {
        way: 'bubblewrap',
        words: ['/usr/bin/python3', '-I', '-c', code],
        keep: [],
        input: 'given',
        seconds: 20,
        memoryBytes: 2 ** 26,
        spareBytes: 2 ** 27,
        processes: 16,
        ...given,
      },
      new AbortController().signal,
      { bubblewrap },
    )

  test('reads its input, writes into its scratch folder, and tells apart from it', async () => {
    const code = `import os, sys
open("/tmp/x", "w").write(sys.stdin.read())
print(open("/scratch/x").read(), sorted(os.environ), os.listdir("/"))
os.write(3, b"told")`
    expect(await python(code)).toMatchObject({
      ended: 'itself',
      code: 0,
      output: expect.stringMatching(/^given \['HOME', 'LANG', .*'PATH'.*\] \[/),
      told: 'told',
    })
  })

  test.each([
    ['while True: pass', { ended: 'time' }],
    ['import os\nwhile True: os.fork()', { errors: expect.stringContaining('BlockingIOError') }],
    ['bytearray(10 ** 10)', { errors: expect.stringContaining('MemoryError') }],
    [
      'import mmap\nm = mmap.mmap(-1, 10 ** 10)\nfor i in range(0, 10 ** 10, 4096): m[i] = 1',
      { ended: 'memory' },
    ],
    [
      'import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nassert c.shmget(0, 4096, 0o1600) > 0, ctypes.get_errno()',
      { errors: expect.stringContaining('AssertionError: 1') },
    ],
    ['open("/usr/was-here", "w")', { errors: expect.stringContaining('Read-only file system') }],
    ['open("/was-here", "w")', { errors: expect.stringContaining('Read-only file system') }],
    ['open("/etc/passwd")', { errors: expect.stringContaining('FileNotFoundError') }],
    ['import os\nos.setuid(0)', { errors: expect.stringMatching(/PermissionError|OSError/) }],
    [
      'import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nassert c.unshare(0x10000000) == 0, "no"',
      { errors: expect.stringContaining('AssertionError: no') },
    ],
  ])('ends %j', async (code, end) => {
    const seconds = code.startsWith('while') ? 0.5 : 20
    const found = await python(code, { seconds })
    expect(found).toMatchObject(end)
    expect(found).not.toMatchObject({ ended: 'itself', code: 0 })
  })

  test('reaches no network, nor this machine', async () => {
    let connections = 0
    const server = createServer(() => {
      connections += 1
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const found = await python(`import socket\nsocket.create_connection(("127.0.0.1", ${port}), 3)`)
    expect(found.errors).toMatch(/unreachable|refused/i)
    expect(connections).toBe(0)
    server.close()
  })
})
