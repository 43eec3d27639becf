import type { ColumnType } from '../graph/column-type.ts'
import { CellFailure } from '../graph/failure.ts'
import type { BindContext, CellResult, Generator, Row, TaskContext } from '../graph/kind.ts'
import type { Cell } from '../util/value.ts'
import { bindCustomContext } from './custom-context.ts'
import { customFailure } from './custom-failure.ts'
import { bindUserRow } from './custom-row.ts'
import type { CustomContext } from './define-custom.ts'
import type { CustomPlan } from './read-custom.ts'
import type { UserCode } from './user-frame.ts'
import { cellOfUser } from '../graph/user-values.ts'

export interface CustomCellOptions {
  readonly name: string
  readonly plan: CustomPlan
  readonly by: 'row' | 'cell' | 'column'
  readonly params: Readonly<Record<string, unknown>>
  readonly generate: (input: unknown, context: CustomContext) => unknown
  readonly code: UserCode
}

/** The generator of a custom column: its function between the engine's values and JavaScript's. */
export function bindCustom(
  { name, plan, by, params, generate, code }: CustomCellOptions,
  context: BindContext,
): Generator {
  const userRow = bindUserRow(plan.required, context)
  const contextFor = bindCustomContext({ name, params, aliases: plan.aliases }, context)
  const read = resultReader(name, plan)

  if (by === 'row') {
    return {
      by,
      generate(row): Cell {
        try {
          const value = generate(userRow(row), contextFor(row.index, null))
          return read(value).value
        } catch (error) {
          throw customFailure(error, code)
        }
      },
    }
  }
  if (by === 'column') {
    return {
      by,
      async generate(rows, signal) {
        const [first] = rows
        try {
          const input = rows.map(userRow)
          const answer = await generate(input, contextFor(first?.index ?? 0, signal))
          return frameOf(answer, rows.length).map((item) => settled(() => read(item), item))
        } catch (error) {
          throw customFailure(error, code)
        }
      },
    }
  }
  return {
    by,
    requests: plan.aliases.length > 0 && !plan.pure ? 'many' : 'none',
    async run(row: Row, task: TaskContext): Promise<CellResult> {
      try {
        const input = userRow(row)
        return read(await generate(input, contextFor(row.index, task, input)))
      } catch (error) {
        throw customFailure(error, code)
      }
    },
  }

  function settled(make: () => CellResult, item: unknown): CellResult | Error {
    if (item instanceof Error) return customFailure(item, code)
    try {
      return make()
    } catch (error) {
      return customFailure(error, code)
    }
  }
}

function frameOf(answer: unknown, rows: number): readonly unknown[] {
  if (Array.isArray(answer) && answer.length === rows) return answer
  const got = Array.isArray(answer)
    ? `a list of ${answer.length}`
    : answer === undefined
      ? 'nothing'
      : `a ${typeof answer}`
  throw new CellFailure(
    'wrong-type',
    `the function of a whole column returns a list with one value for each of its ${rows} rows, got ${got}`,
  )
}

/** Reads what the function answered for one row. */
function resultReader(name: string, { type, sides }: CustomPlan): (given: unknown) => CellResult {
  if (sides.size === 0) return (given) => ({ value: cellOfUser(given, type, name) })
  const names = [name, ...sides.keys()].map((each) => `'${each}'`).join(', ')
  return (given) => {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      const got = given === undefined ? 'nothing' : given === null ? 'null' : `a ${typeof given}`
      throw new CellFailure(
        'wrong-type',
        `with side columns the function returns an object with ${names}, got ${got}`,
      )
    }
    const fields = new Map<string, unknown>(Object.entries(given))
    const cell = (column: string, of: ColumnType): Cell => {
      if (fields.has(column)) return cellOfUser(fields.get(column), of, column)
      const has = fields.size === 0 ? 'nothing' : [...fields.keys()].join(', ')
      throw new CellFailure(
        'no-value',
        `the function gave nothing for '${column}'; it returns an object with ${names}, and this one has ${has}`,
      )
    }
    return {
      value: cell(name, type),
      sides: Array.from(sides, ([side, of]) => cell(side, of)),
    }
  }
}
