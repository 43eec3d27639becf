import type { PriceConfig } from '../config/dataset.ts'
import type { Usage } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import type { ModelReply } from '../graph/request.ts'

/** What a request cost in dollars; null where that is not known. */
export type CostOf = (usage: Usage) => number | null

const million = 1_000_000

/** By the prices of a config. */
export function costByConfig({ input, output, cached_input, image }: PriceConfig): CostOf {
  const cached = cached_input ?? input
  return (usage) => {
    if (isUncounted(usage)) return null
    if (usage.images > 0 && image === null) return null
    const fresh = usage.inputTokens - usage.cachedInputTokens
    const tokens = fresh * input + usage.cachedInputTokens * cached + usage.outputTokens * output
    return tokens / million + usage.images * (image ?? 0)
  }
}

/** Whether the provider counted nothing: what that cost no one knows, and it is not nothing. */
function isUncounted({ inputTokens, outputTokens, images }: Usage): boolean {
  return inputTokens + outputTokens + images === 0
}

/** A list of what models cost at their providers. */
export interface PriceList {
  /** Null where the list does not have the model at that address. */
  of: (place: { model: string; endpoint: string }) => CostOf | null
}

/**
 * The list of `@pydantic/genai-prices` that is installed, as old as its version; it is never fetched
 * anew. Loading it takes 0.1 s.
 */
export async function loadPriceList(): Promise<PriceList> {
  const { calcPrice } = await import('@pydantic/genai-prices')
  return {
    of({ model, endpoint }) {
      const costOf: CostOf = (usage) => {
        // A list of prices of tokens says nothing of images.
        if (usage.images > 0 || isUncounted(usage)) return null
        const counts = {
          input_tokens: usage.inputTokens,
          cache_read_tokens: usage.cachedInputTokens,
          output_tokens: usage.outputTokens,
        }
        return calcPrice(counts, model, { providerApiUrl: endpoint })?.total_price ?? null
      }
      const probe = {
        inputTokens: 1,
        cachedInputTokens: 0,
        outputTokens: 1,
        reasoningTokens: 0,
        images: 0,
        cost: null,
      }
      return costOf(probe) === null ? null : costOf
    },
  }
}

/** Whether an address can be one of a provider that sends bills: not this machine and no network of its own. */
export function isPublic(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false
  const { hostname } = new URL(endpoint)
  return hostname.includes('.') && !/^[\d.]+$/.test(hostname) && !hostname.endsWith('.local')
}

/** Writes what a reply, or one that could not be used, cost into its usage, where its provider did not. */
export async function withCost(sent: Promise<ModelReply>, costOf: CostOf): Promise<ModelReply> {
  try {
    const reply = await sent
    const { usage } = reply
    return usage.cost === null ? { ...reply, usage: { ...usage, cost: costOf(usage) } } : reply
  } catch (error) {
    if (error instanceof RequestError && error.usage !== null && error.usage.cost === null) {
      error.usage.cost = costOf(error.usage)
    }
    throw error
  }
}
