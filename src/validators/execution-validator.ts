import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { z } from 'zod'
import { double, flag, integer, oneOf, text } from '../config/scalars.ts'
import { type Loaded, LoadFault } from '../graph/kind.ts'
import { messageOf } from '../util/errors.ts'
import { drawWord } from '../util/random-source.ts'
import { defineValidator, type Subject, type Verdict } from './define.ts'
import { isolation, type IsolationWay } from './isolation.ts'
import { type IsolatedEnd, type IsolatedProgram, mostPrinted, runIsolated } from './run-isolated.ts'
import { javascriptRunner, pythonRunner, sqlRunner } from './snippet-runners.ts'
import { sqliteStatements } from './sqlite-statements.ts'
import { textOfValue } from './subject-text.ts'
import { verdict } from './verdict.ts'
import { versionInNode } from './version-in-node.ts'

const languages = ['python', 'javascript', 'sql:sqlite'] as const

const column = (what: string) => text({ nonEmpty: true }).nullable().default(null).describe(what)

const params = z
  .strictObject({
    code_lang: oneOf(languages).describe('The language of the snippets.'),
    allow_execution: flag()
      .default(false)
      .describe('Must be true: snippets from a model run on this machine, isolated.'),
    test: column('Code that runs after every snippet; if it fails, the snippet is invalid.'),
    test_column: column('The column with a test for each row, which runs after that.'),
    setup: column('Code that is run before every snippet; for SQL the schema.'),
    setup_column: column('The column with the code that runs before the snippet of each row.'),
    timeout: double({ above: 0, max: 600 }).default(10).describe('Seconds a snippet may take.'),
    memory: integer({ min: 64, max: 65_536 })
      .default(512)
      .describe('MiB that all processes of a snippet may have together.'),
    python: text({ nonEmpty: true })
      .default('python3')
      .describe("The Python: a command, or a path from the config's folder."),
  })
  .describe('Whether a snippet runs, and passes its test, in an isolated process.')

type ExecutionParams = z.output<typeof params>

/** A runtime: its words, and the paths it needs. */
type Runtime = Pick<IsolatedProgram, 'way' | 'words' | 'keep' | 'spareBytes' | 'processes'>

interface LoadedRuntime extends Loaded {
  readonly runtime: Runtime
}

const mebibyte = 1024 * 1024

/** Whether a snippet runs, and passes its test, in a separate process that reaches nothing. */
export const executionValidator = defineValidator<ExecutionParams, LoadedRuntime>({
  type: 'execution',
  params,
  judges: 'target',
  by: 'cell',
  async load(config, { directory }) {
    if (!config.allow_execution) {
      throw new LoadFault('it would run code of a model, and its config does not say that it may', {
        code: 'execution-off',
        field: 'validator_params',
        suggestion: 'Write allow_execution: true into validator_params.',
      })
    }
    const isolated = await isolation()
    if ('fault' in isolated) {
      throw new LoadFault(`this machine can't isolate programs: ${isolated.fault}`, {
        code: 'isolation-missing',
        field: 'validator_params',
        suggestion:
          'Run it on Linux where users may make namespaces (unshare, mount and setpriv of util-linux), where bubblewrap is installed, or as root.',
      })
    }
    return config.code_lang === 'python'
      ? pythonRuntime(isolated.way, config.python, directory)
      : nodeRuntime(isolated.way, config)
  },
  describe: ({ test_column: test, setup_column: setup }, { path }) => ({
    fields: ['outcome', 'error_messages', 'output'],
    references: Object.entries({ test_column: test, setup_column: setup }).flatMap(
      ([field, name]) =>
        name === null ? [] : [{ name, path: [...path, 'validator_params', field] }],
    ),
  }),
  open(config, _context, { runtime }) {
    return async (subject, signal) => {
      const word = drawWord()
      const program = {
        ...runtime,
        input: JSON.stringify({ word, ...partsOf(config, subject) }),
        seconds: config.timeout,
        memoryBytes: config.memory * mebibyte,
      }
      return verdictOn(await runIsolated(program, signal), config, word)
    }
  },
})

function partsOf(config: ExecutionParams, subject: Subject): object {
  const [value = null] = subject.targets.values()
  const joined = (fixed: string | null, name: string | null): string | null => {
    const own = name === null ? null : subject.get(name)
    const parts = [fixed, own === null ? null : textOfValue(own)].filter((part) => part !== null)
    return parts.length === 0 ? null : parts.join('\n')
  }
  const setup = joined(config.setup, config.setup_column)
  const test = joined(config.test, config.test_column)
  const code = textOfValue(value)
  if (config.code_lang !== 'sql:sqlite') return { setup, code, test }
  const statements = (sql: string): string[] => sqliteStatements(sql).map((each) => each.text)
  return { setup, code: statements(code), test: test === null ? null : statements(test) }
}

/** The program's last report, recognised by the word that only this program has. */
function toldIn(told: string, word: string): { stage: string; error: string | null } | null {
  for (const line of told.split('\n').toReversed()) {
    try {
      const read: unknown = JSON.parse(line)
      if (typeof read !== 'object' || read === null || Reflect.get(read, 'word') !== word) continue
      return {
        stage: String(Reflect.get(read, 'stage')),
        error: String(Reflect.get(read, 'error') ?? ''),
      }
    } catch {
      // A snippet may write anything there, and nothing of it counts.
    }
  }
  return null
}

function verdictOn(end: IsolatedEnd, { timeout, memory }: ExecutionParams, word: string): Verdict {
  const say = (outcome: string, message: string): Verdict =>
    verdict(outcome === 'passed', { outcome, error_messages: message, output: end.output })
  if (end.ended === 'time') return say('timeout', `it took longer than ${timeout} s`)
  if (end.ended === 'output') return say('output', `it printed more than ${mostPrinted} MiB`)
  const tooMuch = `it needed more than ${memory} MiB of memory`
  if (end.ended === 'memory') return say('memory', tooMuch)
  const told = toldIn(end.told, word)
  if (told === null) {
    if (/\bout of memory\b/i.test(end.errors)) return say('memory', tooMuch)
    const [last = ''] = end.errors.trim().split('\n').toReversed()
    const how = end.killedBy ?? `exit code ${end.code}`
    return say('error', `it ended before it was done (${how})${last === '' ? '' : `: ${last}`}`)
  }
  if (told.stage === 'done') return say('passed', '')
  const message = told.error ?? ''
  if (/^MemoryError\b|ENOMEM|out of memory/.test(message)) return say('memory', tooMuch)
  if (told.stage === 'setup') return say('error', `before the snippet: ${message}`)
  return told.stage === 'test' ? say('failed', message) : say('error', message)
}

function nodeRuntime(
  way: IsolationWay,
  { code_lang: language, memory }: ExecutionParams,
): LoadedRuntime {
  const node = process.execPath
  const runner = language === 'javascript' ? javascriptRunner : sqlRunner
  const runtime: Runtime = {
    way,
    words: [node, `--max-old-space-size=${memory}`, '--no-warnings', '--eval', runner],
    keep: [node],
    // V8 reserves room for compiled code and its threads' stacks.
    spareBytes: 1024 * mebibyte,
    processes: 48,
  }
  return { runtime, identity: versionInNode(language === 'javascript' ? 'v8' : 'sqlite') }
}

async function pythonRuntime(
  way: IsolationWay,
  python: string,
  directory: string,
): Promise<LoadedRuntime> {
  const command = python.includes('/') ? resolve(directory, python) : python
  const asked =
    'import json, sys; print(json.dumps(["%d.%d" % sys.version_info[:2], sys.executable, sys.prefix, sys.base_prefix]))'
  try {
    const { stdout } = await promisify(execFile)(command, ['-I', '-c', asked], { timeout: 30_000 })
    const [version, executable = '', ...prefixes] = JSON.parse(stdout) as string[]
    const runtime: Runtime = {
      way,
      words: [executable, '-I', '-c', pythonRunner],
      keep: [...new Set(prefixes)].filter((prefix) => !isOfSystem(prefix)),
      spareBytes: 128 * mebibyte,
      processes: 16,
    }
    return { runtime, identity: `python ${version}` }
  } catch (error) {
    throw new LoadFault(`there is no Python to run snippets with: ${messageOf(error)}`, {
      cause: error,
      code: 'python-missing',
      field: 'validator_params',
      suggestion: 'Install python3, or name one: python: ./venv/bin/python.',
    })
  }
}

/** Whole systems are not kept: what is there of them is below /usr. */
function isOfSystem(prefix: string): boolean {
  return prefix === '/' || prefix === '/usr' || prefix.startsWith('/usr/')
}
