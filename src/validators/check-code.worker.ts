import { serve } from '../threads/worker-calls.ts'
import { openRuff, type PythonFound } from './check-python.ts'
import { openJavaScript, openTypeScript } from './check-script.ts'
import {
  decimalFaults,
  type FindFaults,
  openPolyglot,
  openPostgres,
  openSqlite,
} from './check-sql.ts'
import { openTree } from './check-tree.ts'
import type { LanguageEngine } from './checked-languages.ts'

/** Which engine is asked, and a grammar of the user's. */
export interface EngineChoice extends Pick<LanguageEngine, 'engine' | 'as'> {
  readonly grammar: string | null
}

/** What was found in a snippet. */
export type CodeFound = { readonly python: PythonFound } | { readonly faults: readonly string[] }

type CodeCalls = {
  load: (choice: EngineChoice) => Promise<void>
  check: (choice: EngineChoice, code: string) => Promise<CodeFound>
}

type Look = (code: string) => CodeFound

const engines = new Map<string, Promise<Look>>()

serve<CodeCalls>({
  async load(choice) {
    await engineOf(choice)
  },
  async check(choice, code) {
    const look = await engineOf(choice)
    return look(code)
  },
})

function engineOf(choice: EngineChoice): Promise<Look> {
  const key = JSON.stringify(choice)
  let engine = engines.get(key)
  if (engine === undefined) engines.set(key, (engine = open(choice)))
  return engine
}

async function open({ engine, as, grammar }: EngineChoice): Promise<Look> {
  switch (engine) {
    case 'ruff': {
      const look = openRuff()
      return (code) => ({ python: look(code) })
    }
    case 'sqlite':
      return sql(openSqlite())
    case 'postgres':
      return sql(await openPostgres())
    case 'polyglot':
      return sql(await openPolyglot(as))
    case 'javascript':
      return faults(openJavaScript())
    case 'typescript':
      return faults(openTypeScript())
    case 'tree':
      break
  }
  return faults(await openTree(as, grammar))
}

function faults(find: FindFaults): Look {
  return (code) => ({ faults: find(code) })
}

function sql(find: FindFaults): Look {
  return (code) => {
    const own = decimalFaults(code)
    const found = find(code)
    // The first line is that of the parser, be it empty.
    return { faults: own.length > 0 && found.length === 0 ? ['', ...own] : [...found, ...own] }
  }
}
