import type { Graph } from '../graph/graph.ts'
import type { Generator } from '../graph/kind.ts'
import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { Clock } from '../util/clock.ts'
import { createWindowMaker, type WindowMaker } from './assemble-window.ts'
import type { ByteTally } from './block.ts'
import type { Evaluator } from './evaluate.ts'
import type { HoldRows } from './held-rows.ts'
import { createPace } from './pace.ts'
import type { PartEnd, RecordBlock } from './part-content.ts'
import type { ReadRows, StoredBlock } from './stored-rows.ts'

export interface AssembleOptions {
  graph: Graph
  generators: readonly (Generator | null)[]
  evaluator: Evaluator
  clock: Clock
  /** Decided rows of one part, absolute and ascending. */
  rows: Float64Array
  /** What the ledger holds of them. */
  read: ReadRows
  /** Their inputs from outside. */
  hold: HoldRows
  frameRows: number
  /** Pure asynchronous cells at once. */
  localWorkers: number
  /** Ends pure asynchronous work, and with it the part. */
  signal: AbortSignal
  tally?: ByteTally
  /** Longest time on the event loop, in ms; others take their slices in the same turn. */
  sliceMs?: number
}

/** The records of decided rows, made as they are asked for. */
export interface AssembledPart {
  blocks: AsyncIterable<RecordBlock>
  /** To be asked for once `blocks` has ended. */
  end(): PartEnd
}

/** A block of records ends with the row that reaches this, and so does one read from the ledger. */
const BLOCK_BYTES = 2 ** 20
/** Values and rows of a block at most: one message to the writer's thread, copied in one go. */
const BLOCK_VALUES = 16_384
const BLOCK_ROWS = 512

/**
 * Makes the records of decided rows: cells that were paid for come from the ledger, pure ones are
 * made again (the same, being pure) or, when nothing paid needed them, for the first time.
 *
 * A bounded number of bytes is held at any time, whatever the part has.
 */
export function assemblePart(options: AssembleOptions): AssembledPart {
  const { graph, clock, sliceMs = 2 } = options
  const maker = createWindowMaker({
    ...options,
    tally: options.tally ?? { bytes: 0 },
    blockBytes: BLOCK_BYTES,
    pace: createPace(clock, sliceMs),
  })
  const blockRows = Math.floor(BLOCK_VALUES / Math.max(1, graph.columns.length))
  const maxRows = Math.max(1, Math.min(BLOCK_ROWS, blockRows))
  return { blocks: assembleBlocks(options, maker, maxRows), end: () => maker.end() }
}

async function* assembleBlocks(
  { graph, rows, read, hold }: AssembleOptions,
  maker: WindowMaker,
  maxRows: number,
): AsyncGenerator<RecordBlock> {
  const end = (rows.at(-1) ?? -1) + 1
  const journaled = graph.columns.some(({ pure }) => !pure)
  const stored = journaled ? read(intervalsOf(rows), { maxBytes: BLOCK_BYTES }) : noBlocks()
  const blocks = stored[Symbol.asyncIterator]()
  let known: StoredBlock | null = null
  try {
    for (let from = 0; from < rows.length;) {
      const first = rows[from] as number
      if (journaled) known = await blockWith(first, known, blocks)
      const held = await hold({ start: first, end })
      try {
        const bound = Math.min(held.end, known?.end ?? end)
        let to = from + 1
        while (to < rows.length && to - from < maxRows && (rows[to] as number) < bound) to += 1
        yield* maker.make(rows.subarray(from, to), known)
        from = to
      } finally {
        held.release()
      }
    }
  } finally {
    maker.close()
    await blocks.return?.()
  }
}

async function blockWith(
  row: number,
  known: StoredBlock | null,
  blocks: AsyncIterator<StoredBlock>,
): Promise<StoredBlock> {
  let block = known
  while (block === null || block.end <= row) {
    const next = await blocks.next()
    if (next.done === true) throw new Error('the ledger gave fewer rows than it was asked for')
    block = next.value
  }
  return block
}

// oxlint-disable-next-line require-yield -- it has none
async function* noBlocks(): AsyncGenerator<StoredBlock> {
  return
}

function intervalsOf(rows: Float64Array): Interval[] {
  return [...RowSet.fromRows(rows).intervals()]
}
