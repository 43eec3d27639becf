import type { ColumnConfig } from '../config/dataset.ts'
import { CellFailure } from '../graph/failure.ts'
import type { BindContext, CellResult, Generator, Loaded, Row } from '../graph/kind.ts'
import { textOf } from '../graph/request.ts'
import type { Value } from '../util/value.ts'
import type { Subject, Validator, ValidatorContext, Verdict } from '../validators/define.ts'
import { isInvalid, noVerdict, reasonOf } from '../validators/verdict.ts'

/** What may become of a row with an invalid target. */
export const consequences = ['keep', 'reject', 'drop'] as const

/** A validation column; its parameters are those of its validator, without the tag. */
export interface ValidationConfig extends ColumnConfig {
  column_type: 'validation'
  target_columns: string[]
  validator_type: string
  validator_params: unknown
  batch_size: number
  on_invalid: (typeof consequences)[number]
}

interface Bound {
  context: BindContext
  loaded: Loaded
}

/** The generator of a validation column: a verdict a row, or one for each of its targets. */
export function bindValidation(
  validator: Validator,
  config: ValidationConfig,
  { context, loaded }: Bound,
): Generator {
  const { name, target_columns: targets, validator_params: params } = config
  const ids = targets.map((target) => context.columnId(target))
  const { fields } = validator.describe(params, unplaced(config, context), loaded)
  const openContext = {
    name,
    refersTo: (column: string) => context.refersTo(column),
    onClose: (close: () => Promise<void>) => context.onClose(close),
  }

  function subjectOf(row: Row, own: readonly number[]): Subject {
    const values = own.map((at): [string, Value] => [
      targets[at] ?? '',
      valueOf(row, ids[at] ?? -1),
    ])
    return {
      row: row.index,
      targets: new Map(values),
      get: (column) => valueOf(row, context.columnId(column)),
    }
  }

  /** One for each verdict that the cell will have. */
  function subjectsOf(row: Row): Subject[] {
    const all = targets.map((_, at) => at)
    return validator.judges === 'row'
      ? [subjectOf(row, all)]
      : all.map((at) => subjectOf(row, [at]))
  }

  /** Of a subject without a value, unless the validator judges that, too. */
  function unjudged({ targets: values }: Subject): Verdict | null {
    if (validator.judgesNull === true || validator.judges === 'row') return null
    return [...values.values()].every((value) => value === null) ? noVerdict(fields ?? []) : null
  }

  function cellOf(verdicts: readonly Verdict[]): ReadonlyMap<string, Value> {
    const isByTarget = validator.judges === 'target' && targets.length > 1
    const at = verdicts.findIndex(isInvalid)
    const invalid = verdicts[at]
    if (config.on_invalid === 'drop' && invalid !== undefined) {
      const which = isByTarget ? targets[at] : targets.join(', ')
      throw new CellFailure('invalid', `${which} is invalid: ${reasonOf(invalid)}`)
    }
    const [first = noVerdict([])] = verdicts
    return isByTarget
      ? new Map(verdicts.map((verdict, index) => [targets[index] ?? '', verdict]))
      : first
  }

  if (validator.by === 'row') {
    const judge = validator.open(params, openContext, loaded)
    return {
      by: 'row',
      generate: (row) =>
        cellOf(subjectsOf(row).map((subject) => unjudged(subject) ?? judge(subject))),
    }
  }
  if (validator.by === 'cell') {
    let judge: ReturnType<typeof validator.open> | null = null
    return {
      by: 'cell',
      requests: 'none',
      async run(row, { signal }) {
        // Engines are taken with the first cell: a run may have none to make.
        judge ??= validator.open(params, openContext, loaded)
        const verdicts: Verdict[] = []
        for (const subject of subjectsOf(row)) {
          // One after the other: a cell takes one place of the local work.
          verdicts.push(unjudged(subject) ?? (await judge(subject, signal)))
        }
        return { value: cellOf(verdicts) }
      },
    }
  }
  return {
    by: 'cell',
    requests: 'shared',
    route: serviceName(name),
    most: config.batch_size,
    prepare: (rows) => ({
      operation: 'validate',
      body: validator.write(rows.flatMap(subjectsOf)),
    }),
    finish({ content }, rows) {
      return validator
        .read(textOf(content), rows.length, loaded)
        .map((verdict) => (verdict instanceof Error ? verdict : resultOf(verdict)))
    },
  }

  function resultOf(verdict: Verdict): CellResult | Error {
    try {
      return { value: cellOf([verdict]) }
    } catch (error) {
      if (error instanceof CellFailure) return error
      throw error
    }
  }
}

/** The name of the route to a column's service, apart from the aliases of models. */
export function serviceName(column: string): string {
  return `validator:${column}`
}

function valueOf(row: Row, id: number): Value {
  return row.get(id)
}

function unplaced(config: ValidationConfig, context: BindContext): ValidatorContext {
  return {
    path: [],
    name: config.name,
    targets: config.target_columns,
    columns: context.columns,
    isColumn: (name) => context.refersTo(name),
  }
}
