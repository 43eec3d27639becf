import type { ModelRequest, Usage } from '../graph/request.ts'

/** How much a run may cost, over all its sessions and engines. */
export interface CostLimitOptions {
  /** Dollars. */
  limit: number
  /** What earlier sessions cost. */
  spent: number
  /** The largest requests of earlier sessions, by choice. */
  largest: ReadonlyMap<string, MostTokens>
  mostCost: MostCost
}

/** What a request may cost at most; null where no price is known. */
export type MostCost = (choice: string, request: ModelRequest, tokens: MostTokens) => number | null

/** What earlier requests say of the next one. */
interface MostTokens {
  /** Sent by the largest of them: templates of servers, tools and images are in it. */
  input: number
  output: number
}

/** Keeps a run below what it may cost. */
export interface CostLimit {
  readonly limit: number
  readonly spent: number
  /** Sets aside what a request may cost at most; null when that does not fit any more. */
  reserve(choice: string, request: ModelRequest, maxTokens: number | null): number | null
  /** Sets aside what an earlier session has sent, whatever the limit is. */
  hold(amount: number): void
  /** Gives back what was set aside. */
  release(reserved: number): void
  /** A request returned; where its cost is not known, `otherwise` counts, and is given back. */
  spend(choice: string, usage: Usage, otherwise: number): number
}

/** Tokens of an answer while none has come, and no `max_tokens` bounds it. */
const firstGuess = 4096
/** Of the longest answer so far, for the next one. */
const margin = 2

export function createCostLimit(options: CostLimitOptions): CostLimit {
  const { limit, spent: before, largest, mostCost } = options
  const most = new Map(largest)
  let spent = before
  let reserved = 0

  function tokensOf(choice: string, maxTokens: number | null): MostTokens {
    const known = most.get(choice)
    const output = known === undefined ? firstGuess : Math.max(64, known.output * margin)
    return { input: known?.input ?? 0, output: maxTokens ?? output }
  }

  return {
    limit,
    get spent() {
      return spent
    },
    reserve(choice, request, maxTokens) {
      const cost = mostCost(choice, request, tokensOf(choice, maxTokens)) ?? 0
      if (spent + reserved + cost > limit) return null
      reserved += cost
      return cost
    },
    hold(amount) {
      reserved += amount
    },
    release(given) {
      reserved -= given
    },
    spend(choice, { cost, inputTokens, outputTokens }, otherwise) {
      const assumed = cost === null ? otherwise : 0
      spent += cost ?? assumed
      const { input = 0, output = 0 } = most.get(choice) ?? {}
      most.set(choice, {
        input: Math.max(input, inputTokens),
        output: Math.max(output, outputTokens),
      })
      return assumed
    },
  }
}
