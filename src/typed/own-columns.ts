import type { CustomColumn, CustomContext } from '../columns/define-custom.ts'
import type { ColumnSpec } from './column-spec.ts'
import type { TemplateNames } from './template-names.ts'

interface Dtypes {
  str: string
  int: number
  float: number
  bool: boolean
}

/** A value computed from other columns: `expression('{{ price * 2 }}', 'float')`. */
export function expression<const Text extends string, Dtype extends keyof Dtypes = 'str'>(
  expr: Text,
  dtype?: Dtype,
): ColumnSpec<unknown, Dtypes[Dtype], TemplateNames<Text>> {
  return { fields: { column_type: 'expression', expr, ...(dtype === undefined ? {} : { dtype }) } }
}

/** What a cell of a type is in a program. */
interface ValueOfType {
  string: string
  int64: number
  float64: number
  bool: boolean
  json: unknown
  date: string | Date
  timestamp: string | Date
  media: string
}

/** Options of a function; without `outputType` its values are texts. */
export type CustomOptions<Type> = Omit<
  CustomColumn,
  'generate' | 'generationStrategy' | 'outputType' | 'sideEffectColumns'
> & { readonly outputType?: Type }

/**
 * A column whose values your function makes from the row. Without `requiredColumns` it waits for the
 * columns before it that its source names.
 */
export function custom<
  Needs,
  const Value extends ValueOfType[Type],
  Type extends keyof ValueOfType = 'string',
>(
  generate: (row: Needs, context: CustomContext) => Value | Promise<Value>,
  options: CustomOptions<Type> = {},
): ColumnSpec<Needs, Value> {
  return { fields: { column_type: 'custom', generator: { ...options, generate } } }
}

/** A column of any kind, such as `validation` or a plugin's, with the fields of a config. */
export function columnOf<Value>(
  columnType: string,
  fields: Readonly<Record<string, unknown>>,
): ColumnSpec<unknown, Value> {
  return { fields: { ...fields, column_type: columnType } }
}
