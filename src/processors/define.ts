import type {
  LeavingKind,
  ProcessorConfig,
  RowProcessorKind,
  RunningKind,
} from '../graph/processor-kind.ts'

/** One that makes other records of the records of a dataset. Returns its argument, for the types. */
export function defineProcessor<Config extends ProcessorConfig>(
  kind: RunningKind<Config>,
): RunningKind<Config> {
  return kind
}

/** One that only leaves columns out. */
export function defineLeavingProcessor<Config extends ProcessorConfig>(
  kind: LeavingKind<Config>,
): LeavingKind<Config> {
  return kind
}

/** One that rejects single rows. */
export function defineRowProcessor<Config extends ProcessorConfig>(
  kind: RowProcessorKind<Config>,
): RowProcessorKind<Config> {
  return kind
}
