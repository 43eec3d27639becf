import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openJudge } from '../../test/support/judge.ts'
import { isolation } from './isolation.ts'

const isolated = await isolation()

/** Its folders are those of this test alone. */
let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'rowsmith-execution-'))
  vi.stubEnv('TMPDIR', scratch)
  vi.stubEnv('PRECIOUS_KEY', 'secret')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(scratch, { recursive: true })
})

interface Found {
  is_valid: boolean
  outcome: string
  error_messages: string
  output: string
}

async function run(language: string, code: unknown, params: object = {}): Promise<Found> {
  const others = { s: 'CREATE TABLE pets (name, age); INSERT INTO pets VALUES (1, 2)' }
  const written = { code_lang: language, allow_execution: true, ...params }
  await using judge = await openJudge('execution', written)
  // What the validator of this type gives.
  return (await judge.judge(code, others)) as Found
}

/** Command lines of the processes of this machine. */
function processes(): string[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      return [readFileSync(`/proc/${name}/cmdline`, 'latin1')]
    } catch {
      return []
    }
  })
}

test('it is off unless the config says so', async () => {
  await expect(openJudge('execution', { code_lang: 'python' })).rejects.toThrow(
    'its config does not say that it may',
  )
})

// Where namespaces are impossible, nothing is run at all.
describe.skipIf('fault' in isolated)('snippets run with their tests', () => {
  test.each([
    [
      'python',
      'def f(x):\n    return x * 2\nprint(f(1))',
      { test: 'assert f(2) == 4' },
      'passed',
      '',
      '2\n',
    ],
    [
      'python',
      'def f(x):\n    return x',
      { test: 'assert f(2) == 4, "no double"' },
      'failed',
      'AssertionError: no double (line 1)',
      '',
    ],
    ['python', 'x = 1\ny = 1 / 0', {}, 'error', 'ZeroDivisionError: division by zero (line 2)', ''],
    ['python', 'def f(:', {}, 'error', expect.stringContaining('SyntaxError'), ''],
    [
      'python',
      'import os\nos._exit(0)',
      { test: 'assert False' },
      'error',
      expect.stringContaining('ended before it was done'),
      '',
    ],
    ['python', 'import sys\nsys.exit(0)', { test: 'assert 1' }, 'passed', '', ''],
    [
      'javascript',
      'const f = (x) => x * 2\nconsole.log(f(1))',
      { test: 'assert.equal(f(2), 4)' },
      'passed',
      '',
      '2\n',
    ],
    [
      'javascript',
      'export const f = (x) => x\nconst os = await import("node:os")',
      { test: 'assert(f(2) === 4, "no double")' },
      'failed',
      'AssertionError: no double',
      '',
    ],
    [
      'javascript',
      'const path = require("node:path")\nword',
      {},
      'error',
      'ReferenceError: word is not defined',
      '',
    ],
    [
      'javascript',
      'process.exit(0)',
      { test: 'assert(false)' },
      'error',
      expect.stringContaining('ended before it was done'),
      '',
    ],
    [
      'sql:sqlite',
      'SELECT age FROM pets',
      { setup_column: 's', test: 'SELECT count(*) = 1 FROM result; SELECT age = 2 FROM result' },
      'passed',
      '',
      '[[2]]\n',
    ],
    [
      'sql:sqlite',
      'SELECT age FROM pets',
      { setup_column: 's', test: 'SELECT age > 2 FROM result' },
      'failed',
      'not true: SELECT age > 2 FROM result',
      '[[2]]\n',
    ],
    [
      'sql:sqlite',
      'SELECT size FROM pets',
      { setup_column: 's' },
      'error',
      'no such column: size',
      '',
    ],
  ])('%s %j %j', async (language, code, params, outcome, message, output) => {
    expect(await run(language, code, params)).toEqual({
      is_valid: outcome === 'passed',
      outcome,
      error_messages: message,
      output,
    })
  })
})

describe.skipIf('fault' in isolated)('nothing escapes, and nothing stays behind', () => {
  test.each([
    ['python', 'while True: pass', 'timeout', 'it took longer than 0.5 s'],
    ['javascript', 'for (;;);', 'timeout', 'it took longer than 0.5 s'],
    [
      'sql:sqlite',
      'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c',
      'timeout',
      'it took longer than 0.5 s',
    ],
    [
      'python',
      'import os\nwhile True: os.fork()',
      'error',
      expect.stringMatching(/BlockingIOError|ended before/),
    ],
    [
      'python',
      'import subprocess\nfor i in range(99): subprocess.Popen(["sleep", "4711"])',
      'error',
      expect.stringContaining('BlockingIOError'),
    ],
    ['python', 'b = bytearray(10 ** 10)', 'memory', 'it needed more than 64 MiB of memory'],
    [
      'python',
      'import mmap\nm = mmap.mmap(-1, 10 ** 10)\nfor i in range(0, 10 ** 10, 4096): m[i] = 1',
      'memory',
      'it needed more than 64 MiB of memory',
    ],
    // Memory that belongs to no mapping of a process, or was given back and is still there.
    [
      'python',
      'import os\nfor i in range(8): os.write(os.memfd_create("m"), bytes(2 ** 24))\nimport time\ntime.sleep(9)',
      'memory',
      'it needed more than 64 MiB of memory',
    ],
    [
      'python',
      'import mmap\nm = mmap.mmap(-1, 10 ** 10)\nfor i in range(0, 10 ** 10, 4096):\n    m[i] = 1\n    m.madvise(mmap.MADV_DONTNEED, i, 4096)',
      'memory',
      'it needed more than 64 MiB of memory',
    ],
    [
      'sql:sqlite',
      'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT group_concat(hex(randomblob(1000000))) FROM c',
      'memory',
      'it needed more than 64 MiB of memory',
    ],
    [
      'sql:sqlite',
      "ATTACH '/etc/passwd' AS p; SELECT * FROM p.x",
      'error',
      expect.stringMatching(/unable to open|no such table/),
    ],
    [
      'sql:sqlite',
      "VACUUM INTO '/usr/rowsmith-was-here'",
      'error',
      expect.stringContaining('unable to open'),
    ],
    [
      'python',
      'import os\nos.killpg(0, 9)',
      'error',
      expect.stringContaining('ended before it was done'),
    ],
    [
      'javascript',
      'const all = []\nfor (;;) all.push(Buffer.alloc(1 << 24, 1))',
      'memory',
      'it needed more than 64 MiB of memory',
    ],
    [
      'python',
      'open("/usr/rowsmith-was-here", "w")',
      'error',
      "OSError: [Errno 30] Read-only file system: '/usr/rowsmith-was-here' (line 1)",
    ],
    ['python', 'open("/etc/passwd").read()', 'error', expect.stringContaining('FileNotFoundError')],
    [
      'javascript',
      'require("node:fs").writeFileSync("/outside/x", "y")',
      'error',
      expect.stringContaining('ENOENT'),
    ],
    [
      'python',
      'import os\nprint(os.environ["PRECIOUS_KEY"])',
      'error',
      "KeyError: 'PRECIOUS_KEY' (line 2)",
    ],
    [
      'javascript',
      'assert(process.env.PRECIOUS_KEY, "nothing there")',
      'error',
      'AssertionError: nothing there',
    ],
    ['python', 'import os\nos.setuid(0)', 'error', expect.stringContaining('PermissionError')],
  ])('%s %j', async (language, code, outcome, message) => {
    const least = language === 'python' ? 64 : 128
    const memory = outcome === 'memory' ? least : 512
    const found = await run(language, code, { timeout: outcome === 'timeout' ? 0.5 : 20, memory })
    expect(found).toEqual({
      is_valid: false,
      outcome,
      error_messages: typeof message === 'string' ? message.replace('64', String(memory)) : message,
      output: '',
    })
    expect(processes().filter((line) => line.includes('4711'))).toEqual([])
    expect(await readdir(scratch)).toEqual([])
  })

  test('a network connection, also to this machine', async () => {
    let connections = 0
    const server = createServer(() => {
      connections += 1
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const found = await run(
      'python',
      `import socket\nsocket.create_connection(("127.0.0.1", ${port}), 3)`,
    )
    expect(found).toMatchObject({ is_valid: false, outcome: 'error' })
    expect(found.error_messages).toMatch(/unreachable|refused/i)
    expect(connections).toBe(0)
    server.close()
  })

  test('a gigabyte of output', async () => {
    const found = await run(
      'python',
      'import os\nfor _ in range(1000): os.write(1, b"x" * 10 ** 6)',
    )
    expect(found).toMatchObject({
      is_valid: false,
      outcome: 'output',
      error_messages: 'it printed more than 32 MiB',
      output: 'x'.repeat(16_384),
    })
  })

  test('sockets of this machine, its processes, links out of the scratch folder', async () => {
    let connections = 0
    const names = [`\0rowsmith-${scratch}`, join(scratch, 'socket')]
    const count = (): void => {
      connections += 1
    }
    const servers = names.map((name) => createServer(count).listen(name))
    await Promise.all(servers.map((server) => once(server, 'listening')))
    const python = `import ctypes, os, socket
reached = []
def attempt(what, act):
    try:
        act()
        reached.append(what)
    except OSError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *given):
    if getattr(libc, name)(*given) < 0: raise OSError(ctypes.get_errno(), name)
for name in ${JSON.stringify(names)}:
    attempt(name, lambda: socket.socket(socket.AF_UNIX).connect(name))
os.symlink("/etc/passwd", "/scratch/link")
os.symlink("/usr/rowsmith-was-here", "/scratch/far")
for path in ("/scratch/link", "/scratch/../etc/passwd", "/proc/1/environ", "/proc/self/root/etc/passwd", "/dev/mem"):
    attempt(path, lambda: open(path).read())
for path in ("/scratch/far", "/scratch/../x", "/bin/x", "/dev/x"):
    attempt(path, lambda: open(path, "w"))
attempt("proc", lambda: call("mount", b"proc", b"/scratch", b"proc", 0, None))
attempt("namespace", lambda: call("unshare", 0x10000000))
attempt("trace", lambda: call("ptrace", 16, 1, None, None))
attempt("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
assert reached == [], reached
for process in (1, os.getppid()):
    try: os.kill(process, 9)
    except OSError: pass
assert sorted(os.environ) == ["HOME", "LANG", "PATH", "TMPDIR"], os.environ
print("still here")`
    const javascript = `const net = require('node:net')
const ended = new Promise((resolve) => {
  let left = 2
  for (const path of ${JSON.stringify(names)}) {
    net.connect(path).on('connect', () => assert.fail(path)).on('error', () => --left || resolve())
  }
})
setTimeout(() => undefined, 100)
ended.then(() => {
  assert.deepEqual(Object.keys(process.env).sort(), ['HOME', 'LANG', 'PATH', 'TMPDIR'])
  try { process.kill(process.ppid, 'SIGKILL') } catch {}
  console.log('still here')
})
export default await ended`
    const passed = { error_messages: '', outcome: 'passed', output: 'still here\n' }
    expect(await run('python', python)).toMatchObject(passed)
    expect(await run('javascript', javascript)).toMatchObject(passed)
    expect(connections).toBe(0)
    for (const server of servers) server.close()
    await rm(join(scratch, 'socket'), { force: true })
  })

  test('files that whoever started this program left open', async () => {
    const folder = openSync('/etc', 'r')
    const code =
      'import os\\nfor fd in range(4, 64):\\n  try: print(fd, os.listdir(fd))\\n  except OSError: pass'
    const program = `import { runIsolated } from ${JSON.stringify(new URL('run-isolated.ts', import.meta.url).href)}
const words = ['/usr/bin/python3', '-I', '-c', "${code}"]
const limits = { seconds: 20, memoryBytes: 2 ** 28, spareBytes: 2 ** 27, processes: 16 }
const end = await runIsolated({ way: ${JSON.stringify('way' in isolated ? isolated.way : '')}, words, keep: [], input: '', ...limits }, new AbortController().signal)
console.log(JSON.stringify(end))`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: [
        'ignore',
        'pipe',
        'inherit',
        ...Array.from({ length: 7 }, () => 'ignore' as const),
        folder,
      ],
    })
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
    await once(child, 'close')
    closeSync(folder)
    expect(JSON.parse(said)).toMatchObject({ code: 0, output: '', errors: '' })
  })

  test('a process that its snippet leaves behind ends with it', async () => {
    const code = `import os, time
if os.fork() == 0:
    os.setsid()
    for stream in (0, 1, 2, 3): os.close(stream)
    time.sleep(4714)`
    expect(await run('python', code)).toMatchObject({ is_valid: true })
    expect(processes().filter((line) => line.includes('job.pop'))).toEqual([])
  })

  test('a program that leaves its group, and will not end with its parent', async () => {
    const stubborn = `import ctypes, os, time
os.setsid()
ctypes.CDLL(None).prctl(1, 0)
if os.fork() == 0: os.setsid()
time.sleep(4713)`
    const found = await run('python', stubborn, { timeout: 0.5 })
    expect(found).toMatchObject({ outcome: 'timeout' })
    expect(processes().filter((line) => line.includes(scratch))).toEqual([])
    expect(processes().filter((line) => line.includes('job.pop'))).toEqual([])
  })

  test('a run that is given up leaves no process', async () => {
    const { runIsolated } = await import('./run-isolated.ts')
    const controller = new AbortController()
    const program = {
      way: 'unshare' as const,
      words: ['sleep', '4712'],
      keep: [],
      input: '',
      seconds: 60,
    }
    const limits = { memoryBytes: 2 ** 28, spareBytes: 0, processes: 8 }
    const running = runIsolated({ ...program, ...limits }, controller.signal)
    setTimeout(() => controller.abort(new Error('given up')), 300)
    await expect(running).rejects.toThrow('given up')
    expect(processes().filter((line) => line.includes(scratch))).toEqual([])
    expect(processes().filter((line) => line.includes('4712'))).toEqual([])
  })
})
