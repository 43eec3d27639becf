import { CellFailure } from '../graph/failure.ts'
import type { BindContext, Row } from '../graph/kind.ts'
import { nearest } from '../util/near-miss.ts'
import { userValue } from '../graph/user-values.ts'

/** Makes rows as a user's function gets them: objects of plain values, with declared columns only. */
export function bindUserRow(
  required: readonly string[],
  context: BindContext,
): (row: Row) => object {
  const ids = required.map((name) => [name, context.columnId(name)] as const)
  const all = [...context.columns.keys()]
  const handler: ProxyHandler<object> = {
    get(target, key, receiver) {
      if (typeof key === 'string' && !(key in target) && !asked.has(key)) {
        throw undeclaredColumn(key, required, all)
      }
      return Reflect.get(target, key, receiver)
    },
  }
  return (row) =>
    new Proxy(Object.fromEntries(ids.map(([name, id]) => [name, userValue(row.get(id))])), handler)
}

/** What the language and its tools look for in any object. */
const asked: ReadonlySet<string> = new Set([
  'then',
  'toJSON',
  'inspect',
  'nodeType',
  'asymmetricMatch',
])

function undeclaredColumn(
  name: string,
  required: readonly string[],
  all: readonly string[],
): CellFailure {
  const has = required.length === 0 ? 'it has none' : `it has ${required.join(', ')}`
  if (all.includes(name)) {
    return new CellFailure(
      'undeclared-column',
      `the function reads the column '${name}', which is not in its required_columns: ${has}`,
    )
  }
  const near = nearest(name, required)
  return new CellFailure(
    'undeclared-column',
    `the function reads '${name}', which is no column of its row: ${has}${near === undefined ? '' : `; did you mean '${near}'?`}`,
  )
}
