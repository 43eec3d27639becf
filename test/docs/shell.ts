import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { baseEnvironment, program } from '../e2e/command.ts'
import { hostScript, runInHost } from '../host/run-in-host.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** A folder in which blocks are executed as a reader would in the repository. */
export interface Shell {
  readonly environment: Record<string, string>
  /** Runs a block; once it is due, the signal goes to all of it, as from a keyboard. */
  run: (script: string, interrupt?: Interrupt) => Promise<ShellEnded>
  runProgram: (file: string) => Promise<ShellEnded>
}

interface Interrupt {
  isDue: () => boolean
  signal: NodeJS.Signals
}

export interface ShellEnded {
  code: number | NodeJS.Signals | null
  /** Both streams, in the order they were written. */
  output: string
  stdout: string
}

/** Keys for the model server, and no way to any other. */
const variables = {
  OPENAI_API_KEY: 'test-key-0123456789',
  OPENAI_KEY_ONE: 'test-key-0123456789',
  OPENAI_KEY_TWO: 'test-key-9876543210',
  ANTHROPIC_API_KEY: 'test-key-0123456789',
  NVIDIA_API_KEY: 'test-key-0123456789',
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  NO_PROXY: '127.0.0.1',
}

export async function createShell(directory: string): Promise<Shell> {
  const binaries = join(directory, 'node_modules', '.bin')
  await mkdir(binaries, { recursive: true })
  const npm = `#!/bin/sh
if [ "$1 $2 $3 $4" = "run -s rowsmith --" ]; then shift 4; exec rowsmith "$@"; fi
echo "npm $*: the test of the pages does not run this" >&2
exit 99
`
  await executable(join(binaries, 'rowsmith'), hostScript(program))
  await executable(join(binaries, 'npm'), npm)
  await linkLibrary(directory)
  const base = baseEnvironment(directory)
  const environment = { ...base, ...variables, PATH: `${binaries}:${base['PATH']}` }

  async function follow(child: ChildProcess): Promise<ShellEnded> {
    let output = ''
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
    await once(child, 'close')
    return { code: child.signalCode ?? child.exitCode, output, stdout }
  }

  return {
    environment,
    async run(script, interrupt) {
      const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: directory,
        env: interrupt === undefined ? environment : { ...environment, OWN_PROCESS: '1' },
        // A group of its own, as a terminal gives it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = follow(child)
      if (interrupt !== undefined) await interruptWhenDue(child, interrupt)
      return ended
    },
    runProgram: (file) => runInHost({ directory, parameters: [file], environment }),
  }
}

async function interruptWhenDue(child: ChildProcess, { isDue, signal }: Interrupt): Promise<void> {
  while (child.exitCode === null && !isDue()) await new Promise((resolve) => setTimeout(resolve, 5))
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, signal)
}

async function executable(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o755)
}

/** Makes `import 'rowsmith'` mean the source, for Node and for the compiler. */
export async function linkLibrary(directory: string): Promise<void> {
  const modules = join(directory, 'node_modules')
  const library = join(modules, 'rowsmith')
  await mkdir(library, { recursive: true })
  const doors = {
    index: 'index',
    plugin: 'plugin',
    testing: 'testing/index',
  }
  for (const [name, path] of Object.entries(doors)) {
    await writeFile(join(library, `${name}.js`), `export * from '${repository}dist/${path}.js'\n`)
    await writeFile(join(library, `${name}.d.ts`), `export * from '${repository}src/${path}.ts'\n`)
  }
  await writeFile(
    join(library, 'package.json'),
    JSON.stringify({
      name: 'rowsmith',
      type: 'module',
      exports: { '.': './index.js', './plugin': './plugin.js', './testing': './testing.js' },
    }),
  )
  await mkdir(join(modules, '@types'), { recursive: true })
  for (const name of ['zod', '@types/node', 'undici-types']) {
    await symlink(join(repository, 'node_modules', name), join(modules, name))
  }
}
