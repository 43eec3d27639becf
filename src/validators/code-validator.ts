import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { Problem } from '../config/problem.ts'
import { oneOf, text } from '../config/scalars.ts'
import { type Loaded, LoadFault } from '../graph/kind.ts'
import { messageOf } from '../util/errors.ts'
import { toDouble, type Value } from '../util/value.ts'
import type { CodeFound, EngineChoice } from './check-code.worker.ts'
import type { PythonFound } from './check-python.ts'
import { isNoAnswer, type NoAnswer } from './check-thread.ts'
import {
  type CheckedLanguage,
  checkedLanguages,
  checkedWords,
  type LanguageEngine,
  ownGrammar,
} from './checked-languages.ts'
import { defineValidator, type ValidatorContext, type Verdict } from './define.ts'
import { neededPackages } from './needed-packages.ts'
import { versionInNode } from './version-in-node.ts'
import { createSharedThread } from './shared-thread.ts'
import { textOfValue } from './subject-text.ts'
import { verdict, verdictOf } from './verdict.ts'

/** Longer texts are no snippets: no engine gets them. */
const longestCode = 1_000_000

const thread = createSharedThread({
  name: 'check-code.worker',
  home: import.meta.url,
  flags: ['--experimental-vm-modules', '--no-warnings'],
})

const params = z
  .strictObject({
    code_lang: oneOf([...checkedWords, 'other']).describe(
      'The language; SQL with its dialect. other: a language whose grammar you bring.',
    ),
    grammar: text({ nonEmpty: true })
      .nullable()
      .default(null)
      .describe("A grammar of tree-sitter in WebAssembly, a path from the config's folder."),
  })
  .superRefine(({ code_lang: language, grammar }, context) => {
    if ((language === 'other') === (grammar !== null)) return
    const message =
      language === 'other'
        ? 'a grammar together with code_lang other: ./tree-sitter-kotlin.wasm'
        : "no grammar: the language's own is used; write code_lang: other for yours"
    context.addIssue({ code: 'custom', path: ['grammar'], message })
  })
  .describe("Whether a snippet of code can be parsed, and for Python a linter's verdict.")

type CodeParams = z.output<typeof params>

interface LoadedGrammar extends Loaded {
  readonly grammar: string | null
}

/** Whether snippets of code can be read; for Python also what ruff says of them. */
export const codeValidator = defineValidator<CodeParams, LoadedGrammar>({
  type: 'code',
  params,
  judges: 'target',
  by: 'cell',
  async load({ code_lang: language, grammar }, { directory }) {
    const engine = versionsOf(language)
    if (grammar === null) return { grammar: null, identity: { engine } }
    const file = resolve(directory, grammar)
    return { grammar: file, identity: { engine, grammar: await hashOf(file) } }
  },
  describe: ({ code_lang: language }, context) => ({
    fields: fieldsOf(language),
    problems: targetProblems(language, context),
  }),
  open({ code_lang: language }, { onClose }, { grammar }) {
    const { engine, as } = engineOf(language)
    const choice: EngineChoice = { engine, as, grammar }
    const checks = thread.take()
    onClose(() => checks.close())
    return async ({ targets }) => {
      const [value = null] = targets.values()
      const code = textOfValue(value)
      const found =
        code.length > longestCode
          ? tooLong(code)
          : await checks.check<CodeFound>('check', [choice, code])
      return language === 'python' ? pythonVerdict(found) : faultsVerdict(found)
    }
  },
})

function engineOf(language: CheckedLanguage | 'other'): LanguageEngine {
  return language === 'other' ? ownGrammar : checkedLanguages[language]
}

/** Another version of an engine may come to other verdicts: they would not be of one dataset. */
function versionsOf(language: CheckedLanguage | 'other'): string[] {
  const { packages, partOfNode } = engineOf(language)
  const versions = neededPackages(packages, `checking ${language}`)
  return partOfNode === undefined ? versions : [...versions, versionInNode(partOfNode)]
}

function fieldsOf(language: string): readonly string[] {
  return language === 'python'
    ? ['python_linter_score', 'python_linter_severity', 'python_linter_messages']
    : ['error_messages']
}

async function hashOf(file: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex')
  } catch (error) {
    throw new LoadFault(`the grammar ${file} can't be read: ${messageOf(error)}`, {
      cause: error,
      code: 'grammar-missing',
      field: 'validator_params',
      suggestion: 'A path starts at the folder of the config: ./tree-sitter-kotlin.wasm.',
    })
  }
}

function tooLong(code: string): NoAnswer {
  const message = `a text of ${code.length} characters is longer than ${longestCode}`
  return { gaveUp: 'broken', message }
}

function faultsVerdict(found: CodeFound | NoAnswer): Verdict {
  if (isNoAnswer(found)) return verdictOf([found.message])
  if ('faults' in found) return verdictOf(found.faults)
  throw new TypeError('this engine lists faults')
}

/** A snippet that no engine can look at is reported as one that can't be read. */
function pythonVerdict(found: CodeFound | NoAnswer): Verdict {
  if (isNoAnswer(found)) {
    const { gaveUp, message } = found
    const symbol = gaveUp === 'time' ? 'time-limit' : 'not-readable'
    const given = { type: 'fatal', symbol, line: 1, column: 1, message } as const
    return recordOf({ isValid: false, score: 0, severity: 'fatal', messages: [given] })
  }
  if ('python' in found) return recordOf(found.python)
  throw new TypeError('ruff gives a score')
}

function recordOf({ isValid, score, severity, messages }: PythonFound): Verdict {
  return verdict(isValid, {
    python_linter_score: toDouble(score),
    python_linter_severity: severity,
    python_linter_messages: messages.map(
      (message) => new Map<string, Value>(Object.entries(message)),
    ),
  })
}

/** TypeScript with JSX has all of TypeScript and JavaScript. */
function isReadAs(written: string, language: string): boolean {
  if (written === language || language === 'other') return true
  return language === 'tsx' && (written === 'javascript' || written === 'typescript')
}

/** The other columns of code say which language they are. */
function targetProblems(
  language: string,
  { path, name, targets, columns }: ValidatorContext,
): Problem[] {
  return targets.flatMap((target, index): Problem[] => {
    const column = columns.get(target)
    if (column === undefined) return []
    const place = { path: [...path, 'target_columns', index] }
    if (column.column_type !== 'llm-code') {
      return column.column_type === 'seed-dataset' || column.column_type === 'custom'
        ? []
        : [
            {
              level: 'warning',
              code: 'target-not-code',
              ...place,
              message: `Column '${name}' checks '${target}' as ${language}, and that is a column of type ${column.column_type}`,
              suggestion: 'Check a column of type llm-code, or leave it if its text is only code.',
            },
          ]
    }
    const written: unknown = Reflect.get(column, 'code_lang')
    if (typeof written !== 'string' || isReadAs(written, language)) return []
    return [
      {
        level: 'error',
        code: 'language-mismatch',
        ...place,
        message: `Column '${name}' checks '${target}' as ${language}, and that column writes ${written}`,
        expected: `code_lang: ${written}`,
        received: language,
        suggestion: 'Make both the same.',
      },
    ]
  })
}
