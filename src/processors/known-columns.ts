import type { ConfigPath, Problem } from '../config/problem.ts'
import type { ProcessorContext, RecordColumn } from '../graph/processor-kind.ts'
import { matchesName } from '../config/glob.ts'
import { nearest } from '../util/near-miss.ts'

/** Problems of names at which a processor has no column; `path` is inside of the processor. */
export function unknownColumns(
  names: readonly { name: string; path: ConfigPath }[],
  columns: readonly RecordColumn[],
  { path: processor, leftOut, isUncertain }: ProcessorContext,
): Problem[] {
  const known = columns.map(({ name }) => name)
  return names.flatMap(({ name, path }): Problem[] => {
    if (known.some((one) => matchesName(name, one)) || isUncertain(name)) return []
    const before = leftOut.get(name)
    const near = nearest(name, known)
    const suggestion =
      before === undefined
        ? near === undefined
          ? undefined
          : `Did you mean '${near}'?`
        : `Put it before '${before}'.`
    return [
      {
        level: 'error',
        code: 'unknown-column',
        path: [...processor, ...path],
        message:
          before === undefined
            ? `'${name}' matches no column`
            : `'${name}' is a column which the processor '${before}' has left out`,
        received: name,
        ...(suggestion === undefined ? {} : { suggestion }),
      },
    ]
  })
}

/** A column that a processor adds and that is there already. */
export function takenColumn(
  name: string,
  columns: readonly RecordColumn[],
  { path }: ProcessorContext,
): Problem[] {
  if (!columns.some((column) => column.name === name)) return []
  return [
    {
      level: 'error',
      code: 'duplicate-column',
      path: [...path, 'column'],
      message: `The processor adds a column '${name}', and there is one of that name`,
      suggestion: 'Give another name in its field column.',
    },
  ]
}
