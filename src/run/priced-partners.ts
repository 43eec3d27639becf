import type { PriceConfig } from '../config/dataset.ts'
import type { Usage } from '../graph/request.ts'
import { charactersOf } from '../graph/request-size.ts'
import { type CostOf, costByConfig, isPublic, loadPriceList, withCost } from '../models/cost-of.ts'
import { type CostLimit, createCostLimit, type MostCost } from '../scheduler/cost-limit.ts'
import { inspectStore } from '../store/inspect-store.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Partners } from './partners.ts'

/** Partners that say what replies cost. */
export interface PricedPartners extends Partners {
  /** Models of a provider that may send bills, without a known price. */
  readonly unpriced: readonly string[]
  readonly mostCost: MostCost
}

/** Finds what the models of a run cost: by the config, then by the installed list. */
export async function pricedPartners(
  partners: Partners,
  { models, prices }: { models: readonly string[]; prices: ReadonlyMap<string, PriceConfig> },
): Promise<PricedPartners> {
  const costs = new Map<string, CostOf>()
  const open: string[] = []
  for (const alias of models) {
    const { model, endpoint } = partners.target(alias)
    const own = prices.get(alias) ?? prices.get(model)
    if (own !== undefined) costs.set(alias, costByConfig(own))
    else if (isPublic(endpoint)) open.push(alias)
  }
  if (open.length > 0) {
    const list = await loadPriceList()
    for (const alias of open) {
      const listed = list.of(partners.target(alias))
      if (listed !== null) costs.set(alias, listed)
    }
  }
  return {
    ...partners,
    unpriced: models.filter((alias) => !costs.has(alias)),
    send(name, request, signal) {
      const sent = partners.send(name, request, signal)
      const costOf = costs.get(name)
      return costOf === undefined ? sent : withCost(sent, costOf)
    },
    mostCost(name, request, { input, output }) {
      const usage: Usage = {
        inputTokens: Math.max(charactersOf(request), input),
        cachedInputTokens: 0,
        outputTokens: request.operation === 'chat' ? output : 0,
        reasoningTokens: 0,
        images: 0,
        cost: null,
      }
      return costs.get(name)?.(usage) ?? null
    },
  }
}

/** How much a run may cost; refuses a limit that the price of a model is missing for. */
export async function costLimitOf(
  limit: number | null,
  { unpriced, target, mostCost }: PricedPartners,
  directory: string,
): Promise<CostLimit | null> {
  if (limit === null) return null
  const [first] = unpriced
  if (first === undefined) {
    const { usage } = await inspectStore(directory)
    const spent = usage.reduce((sum, { cost }) => sum + (cost ?? 0), 0)
    return createCostLimit({ limit, spent, mostCost })
  }
  const names = unpriced.map((alias) => `${alias} (${target(alias).model})`).join(', ')
  throw new RowsmithError('config-invalid', `max_cost needs prices, and ${names} has none`, {
    hints: [
      `Write what it costs into the config, in dollars per million tokens: prices: { ${target(first).model}: { input: 0.4, output: 1.6 } }.`,
    ],
  })
}
