import { z } from 'zod'
import { problemsOfZod } from '../config/problems.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type { customFields } from './custom-fields.ts'
import { declaredFields } from './custom-fields.ts'
import type { CustomColumn, CustomFunction } from './define-custom.ts'

type Declared = z.output<typeof declaredFields>

/** What a module exports for a custom column, read. */
export interface CustomDefinition {
  readonly generate: CustomFunction
  readonly declared: Declared
}

/** What a column is to do, by its config and by what stands next to its function. */
export interface CustomPlan {
  readonly strategy: 'cell_by_cell' | 'full_column'
  readonly required: readonly string[]
  readonly sides: ReadonlyMap<string, ColumnType>
  readonly aliases: readonly string[]
  readonly type: ColumnType
  readonly pure: boolean
}

/** Whether something is a function, or one with what it reads and makes. */
export function isCustom(value: unknown): value is CustomFunction | CustomColumn {
  if (typeof value === 'function') return true
  return (
    typeof value === 'object' &&
    value !== null &&
    'generate' in value &&
    typeof value.generate === 'function'
  )
}

/** The definition, or what is wrong with it. */
export function readCustom(value: CustomFunction | CustomColumn): CustomDefinition | string {
  const { generate, ...rest } = typeof value === 'function' ? { generate: value } : value
  const read = declaredFields.safeParse(rest)
  if (read.success) return { generate, declared: read.data }
  const [problem] = problemsOfZod(read.error, { path: [], value: rest, schema: declaredFields })
  const { message = read.error.message, suggestion } = problem ?? {}
  return suggestion === undefined ? message : `${message}. ${suggestion}`
}

type Fields = { [Field in keyof typeof customFields]: z.output<(typeof customFields)[Field]> }

/** What the config says, and what it leaves open, as the code has it. */
export function planOf(config: Fields, { declared }: CustomDefinition): CustomPlan {
  return {
    strategy: config.generation_strategy ?? declared.generationStrategy ?? 'cell_by_cell',
    required: [...new Set(config.required_columns ?? declared.requiredColumns)],
    sides: config.side_effect_columns ?? declared.sideEffectColumns ?? new Map(),
    aliases: [...new Set(config.model_aliases ?? declared.modelAliases)],
    type: config.output_type ?? declared.outputType ?? 'string',
    pure: config.pure ?? declared.pure ?? false,
  }
}
