import type { ConfigPath, Problem } from '../config/problem.ts'
import type { ProcessorContext, RecordColumn } from '../graph/processor-kind.ts'
import { matchesName } from '../config/glob.ts'
import { nearest } from '../util/near-miss.ts'

/** A name that a processor is given; `path` is inside of the processor. */
interface WantedColumn {
  name: string
  path: ConfigPath
  /** Where a pattern with `*` stands for the names that fit. */
  isPattern?: true
}

/** Problems of names at which a processor has no column. */
export function unknownColumns(
  names: readonly WantedColumn[],
  columns: readonly RecordColumn[],
  { path: processor, leftOut, isUncertain }: ProcessorContext,
): Problem[] {
  const known = columns.map(({ name }) => name)
  return names.flatMap(({ name, path, isPattern }): Problem[] => {
    const isKnown = isPattern ? known.some((one) => matchesName(name, one)) : known.includes(name)
    if (isKnown || isUncertain(name)) return []
    const before = leftOut.get(name)
    const near = nearest(name, known)
    const suggestion =
      before === undefined
        ? !isPattern && known.some((one) => matchesName(name, one))
          ? 'Write the names themselves: no patterns are read here.'
          : near === undefined
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
            : `'${name}' is a column that the processor '${before}' removed`,
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
