import { isList, isMapping, quoted } from '../config/literal.ts'
import type { Literal } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { itemSpelling, keySpelling } from '../config/spelling.ts'
import { scalarText } from './scalar-type.ts'

/** Of one list; a thousand of them say no more. */
const mostTold = 10

/**
 * Warns of listed values that YAML makes something else than their spelling says: `NO` among
 * countries is false, and `010` is 8. `written` is as the file has it.
 */
export function spellingProblems(written: unknown, path: ConfigPath, column: string): Problem[] {
  if (isList(written)) return listProblems(written, path, column).slice(0, mostTold)
  if (!isMapping(written)) return []
  return Object.entries(written).flatMap(([key, value]) => {
    const spelled = keySpelling(written, key)
    return [
      ...(spelled === undefined ? [] : [warning([...path, key], column, spelled, quoted(key))]),
      ...spellingProblems(value, [...path, key], column),
    ]
  })
}

function listProblems(list: readonly Literal[], path: ConfigPath, column: string): Problem[] {
  const hasText = list.some((item) => typeof item === 'string')
  return list.flatMap((item, index) => {
    const spelled = itemSpelling(list, index) ?? (typeof item === 'boolean' ? `${item}` : undefined)
    if (spelled === undefined || !(hasText || surprises(spelled))) return []
    const became =
      typeof item === 'boolean' ? `${item}, which counts as ${item ? 1 : 0}` : textOf(item)
    return became === null ? [] : [warning([...path, index], column, spelled, became)]
  })
}

/** Also among numbers: words for true and false, octal numbers (`010`), and those of base 60. */
function surprises(spelled: string): boolean {
  return (
    /^(?:yes|no|on|off)$/i.test(spelled) || /^[-+]?0[0-7_]+$/.test(spelled) || spelled.includes(':')
  )
}

function textOf(item: Literal): string | null {
  if (typeof item === 'string') return `the text ${quoted(item)}`
  const isOther = item === null || typeof item === 'boolean' || isList(item) || isMapping(item)
  return isOther ? null : scalarText(item)
}

function warning(path: ConfigPath, column: string, spelled: string, became: string): Problem {
  const [plain] = became.split(',')
  const isWord = plain === 'true' || plain === 'false'
  return {
    level: 'warning',
    code: 'read-as-other',
    path,
    message: `Column ${quoted(column)}: ${spelled} is read as ${became}`,
    suggestion: `Write '${spelled}' in quotes to have the text${isWord && plain !== spelled ? `, or ${plain} if that is meant` : ''}.`,
  }
}
