import type {
  ProcessorConfig,
  RecordProcessorKind,
  RowProcessorKind,
} from '../graph/processor-kind.ts'

/** Returns its argument; it exists for the types. */
export function defineProcessor<Config extends ProcessorConfig>(
  kind: RecordProcessorKind<Config>,
): RecordProcessorKind<Config> {
  return kind
}

/** The same for one that works row by row. */
export function defineRowProcessor<Config extends ProcessorConfig>(
  kind: RowProcessorKind<Config>,
): RowProcessorKind<Config> {
  return kind
}
