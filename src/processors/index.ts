import type { ProcessorKind } from '../graph/processor-kind.ts'
import { dropColumns } from './drop-columns.ts'
import { filter } from './filter.ts'
import { schemaTransform } from './schema-transform.ts'

/** The processors that come with rowsmith. */
export const processorKinds: readonly ProcessorKind[] = [dropColumns, filter, schemaTransform]
