import type { ProcessorKind } from '../graph/processor-kind.ts'
import { dedupe } from './dedupe.ts'
import { dropColumns } from './drop-columns.ts'
import { filter } from './filter.ts'
import { redact } from './redact.ts'
import { rename } from './rename.ts'
import { sample } from './sample.ts'
import { schemaTransform } from './schema-transform.ts'
import { shuffle } from './shuffle.ts'
import { split } from './split.ts'

/** The processors that come with rowsmith. */
export const processorKinds: readonly ProcessorKind[] = [
  dedupe,
  dropColumns,
  filter,
  redact,
  rename,
  sample,
  schemaTransform,
  shuffle,
  split,
]
