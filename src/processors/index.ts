import type { ProcessorKind } from '../graph/processor-kind.ts'
import { dropColumns } from './drop-columns.ts'
import { filter } from './filter.ts'

/** The processors that come with rowsmith. */
const processors: readonly ProcessorKind[] = [dropColumns, filter]

/** The built-in processors by `processor_type`; a plugin's join them there. */
export const processorKinds: ReadonlyMap<string, ProcessorKind> = new Map(
  processors.map((kind) => [kind.type, kind]),
)
