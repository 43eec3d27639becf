/** What processors counted while a pass was made. */
export interface PassCounts {
  of(title: string): { add: (what: string, times?: number) => void; reset: () => void }
  list(): ProcessorCount[]
}

/** A figure of a processor: how often it did what. */
export interface ProcessorCount {
  processor: string
  what: string
  times: number
}

/** Different figures of a processor; a plugin might name one after every record. */
const MOST_FIGURES = 200

export function createPassCounts(): PassCounts {
  const processors = new Map<string, Map<string, number>>()
  return {
    of(title) {
      const figures = new Map<string, number>()
      processors.set(title, figures)
      return {
        add(what, times = 1) {
          if (times === 0 || (figures.size >= MOST_FIGURES && !figures.has(what))) return
          figures.set(what, (figures.get(what) ?? 0) + times)
        },
        reset: () => figures.clear(),
      }
    },
    list: () =>
      [...processors].flatMap(([processor, figures]) =>
        [...figures].map(([what, times]) => ({ processor, what, times })),
      ),
  }
}

/** What the ledger keeps of a pass next to its files: its identity, and what was counted. */
export function passRecord(identity: string, counts: readonly ProcessorCount[]): string {
  return counts.length === 0 ? identity : `${identity}\n${JSON.stringify(counts)}`
}

/** An identity ends with a hash; titles before it may have any characters. */
const recordForm = /^(([^]*) [0-9a-f]{64})(?:\n(\[[^]*\]))?$/

/** The identity of the pass, the titles of its processors, and what they counted. */
export function readPassRecord(record: string): {
  identity: string
  titles: string
  counts: ProcessorCount[]
} {
  const [, identity = record, titles = record, counts] = recordForm.exec(record) ?? []
  return {
    identity,
    titles,
    // Written by `passRecord` into the ledger, whose content is the run's own.
    counts: counts === undefined ? [] : (JSON.parse(counts) as ProcessorCount[]),
  }
}
