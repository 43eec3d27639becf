import { stripTypeScriptTypes } from 'node:module'
import vm from 'node:vm'
import { messageOf } from '../util/errors.ts'
import type { FindFaults } from './check-sql.ts'

/** V8 itself reads the text, as a module and, where it is none, as the body of a CommonJS file. */
export function openJavaScript(): FindFaults {
  return (code) => {
    const asModule = syntaxFault(() => new vm.SourceTextModule(code))
    if (asModule === null) return []
    const asCommonJs = syntaxFault(() => vm.compileFunction(code))
    if (asCommonJs === null) return []
    return [/^(?:import|export)\b|\bawait\b/m.test(code) ? asModule : asCommonJs]
  }
}

/** Node's own reader of TypeScript. Types are not checked; JSX is not read: that is `tsx`. */
export function openTypeScript(): FindFaults {
  const faultsOf = openJavaScript()
  return (code) => {
    try {
      const script = stripTypeScriptTypes(code, { mode: 'transform' })
      // It misses names that are declared twice. Of the rest V8 knows less: it has no decorators. Lines
      // are those of the script, so they are omitted.
      return faultsOf(script)
        .filter((fault) => fault.endsWith('has already been declared'))
        .map((fault) => fault.replace(/^Line \d+: /, ''))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      const [first = ''] = messageOf(error).trim().split('\n')
      return [first]
    }
  }
}

function syntaxFault(read: () => unknown): string | null {
  try {
    read()
    return null
  } catch (error) {
    if (!isSyntaxError(error)) throw error
    const [, line] = /^\S*:(\d+)\n/.exec(error.stack ?? '') ?? []
    return line === undefined ? error.message : `Line ${line}: ${error.message}`
  }
}

function isSyntaxError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'SyntaxError'
}
