import { listFilters } from './list-filters.ts'
import { markupFilters } from './markup-filters.ts'
import { numberFilters } from './number-filters.ts'
import { defineOperations, type Definition, type Operation } from '../values/operation.ts'
import { selectFilters } from './select-filters.ts'
import type { FilterName } from '../parse/stock-names.ts'
import { textFilters } from './text-filters.ts'

const definitions: Readonly<Record<FilterName, Definition>> = {
  ...textFilters,
  ...markupFilters,
  ...numberFilters,
  ...listFilters,
  ...selectFilters,
}

export const filterTable: ReadonlyMap<string, Operation> = defineOperations(definitions)
