import { compact, dollars, duration, grouped } from '../util/format.ts'

/** A run, as far as it is compared with another one in figures. */
export interface ComparedRun {
  dir: string
  name: string
  seed: string
  rows: {
    requested: number
    accepted: number
    nullKept: number
    dropped: number
    rejected: number
    remaining: number
  }
  requests: number
  usage: { inputTokens: number; outputTokens: number; cost: number | null }
  failed: number
  seconds: number
}

/** The figures of two runs, side by side: a name and a text for each; empty where no one knows. */
export function comparedFigures(a: ComparedRun, b: ComparedRun): [string, string, string][] {
  return [
    ['seed', a.seed, b.seed],
    ['rows planned', grouped(a.rows.requested), grouped(b.rows.requested)],
    ['accepted', grouped(a.rows.accepted), grouped(b.rows.accepted)],
    ['kept with a null', grouped(a.rows.nullKept), grouped(b.rows.nullKept)],
    ['dropped', grouped(a.rows.dropped), grouped(b.rows.dropped)],
    ['rejected', grouped(a.rows.rejected), grouped(b.rows.rejected)],
    ['remaining', grouped(a.rows.remaining), grouped(b.rows.remaining)],
    ['failed cells', grouped(a.failed), grouped(b.failed)],
    ['requests', grouped(a.requests), grouped(b.requests)],
    ['tokens in', compact(a.usage.inputTokens), compact(b.usage.inputTokens)],
    ['tokens out', compact(a.usage.outputTokens), compact(b.usage.outputTokens)],
    ['cost', costText(a), costText(b)],
    ['at work', duration(a.seconds), duration(b.seconds)],
  ]
}

function costText({ usage: { cost } }: ComparedRun): string {
  return cost === null ? '' : dollars(cost)
}
