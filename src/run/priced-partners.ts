import type { PriceConfig } from '../config/dataset.ts'
import type { Usage } from '../graph/request.ts'
import { charactersOf } from '../graph/request-size.ts'
import { type CostOf, costByConfig, isPublic, loadPriceList, withCost } from '../models/cost-of.ts'
import type { RouteTarget } from '../models/route-target.ts'
import { type CostLimit, createCostLimit, type MostCost } from '../scheduler/cost-limit.ts'
import { inspectStore } from '../store/inspect-store.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Partners } from './partners.ts'

/** Partners that say what replies cost. */
export interface PricedPartners extends Partners {
  /** Where requests may go without a known price. */
  readonly unpriced: readonly RouteTarget[]
  readonly mostCost: MostCost
  /** What a reply of a batch cost; null where its price is not known. */
  batchCost(name: string, usage: Usage): number | null
  /** What usage costs at a place, in batches where it is asked in batches; null where no price is known. */
  costAt(name: string, usage: Usage): number | null
}

/** What providers ask for requests in batches, of their other prices. */
const BATCH_SHARE = 0.5

/** Finds what the models of a run cost: by the config, then by the installed list. */
export async function pricedPartners(
  partners: Partners,
  { models, prices }: { models: readonly string[]; prices: ReadonlyMap<string, PriceConfig> },
): Promise<PricedPartners> {
  const costs = new Map<string, CostOf>()
  const open: RouteTarget[] = []
  const places = models.flatMap((alias) => partners.targets(alias))
  for (const place of places) {
    const own = prices.get(place.alias) ?? prices.get(place.model)
    if (own !== undefined) costs.set(place.name, costByConfig(own))
    else if (isPublic(place.endpoint)) open.push(place)
  }
  const batched = new Set(places.flatMap(({ name, isBatch }) => (isBatch === true ? [name] : [])))
  /** What a place asks for requests in batches, of its other prices. */
  const shares = new Map(
    places.map(({ name, alias, model }) => [name, batchShare(prices, { alias, model })]),
  )

  function batchCost(name: string, usage: Usage): number | null {
    const whole = costs.get(name)?.(usage) ?? null
    return whole === null ? null : whole * (shares.get(name) ?? BATCH_SHARE)
  }

  function costAt(name: string, usage: Usage): number | null {
    return batched.has(name) ? batchCost(name, usage) : (costs.get(name)?.(usage) ?? null)
  }

  if (open.length > 0) {
    const list = await loadPriceList()
    for (const place of open) {
      const listed = list.of(place)
      if (listed !== null) costs.set(place.name, listed)
    }
  }
  return {
    ...partners,
    unpriced: places.filter(({ name }) => !costs.has(name)),
    send(name, request, signal) {
      const sent = partners.send(name, request, signal)
      const costOf = costs.get(name)
      return costOf === undefined ? sent : withCost(sent, costOf)
    },
    batchCost,
    costAt,
    mostCost(name, request, { input, output }) {
      return costAt(name, {
        inputTokens: Math.max(charactersOf(request), input),
        cachedInputTokens: 0,
        outputTokens: request.operation === 'chat' ? output : 0,
        reasoningTokens: 0,
        images: 0,
        cost: null,
      })
    },
  }
}

/** What a model asks for requests in batches, of its other prices. */
export function batchShare(
  prices: ReadonlyMap<string, PriceConfig>,
  { alias, model }: { alias: string; model: string },
): number {
  return (prices.get(alias) ?? prices.get(model))?.batch ?? BATCH_SHARE
}

/** How much a run may cost; refuses a limit that the price of a model is missing for. */
export async function costLimitOf(
  limit: number | null,
  { aliases, targets, unpriced, mostCost }: PricedPartners,
  directory: string,
): Promise<CostLimit | null> {
  if (limit === null) return null
  const [first] = unpriced
  if (first === undefined) {
    const { usage, largest, assumed } = await inspectStore(directory)
    const spent = usage.reduce((sum, { cost }) => sum + (cost ?? 0), assumed)
    // A run keeps them by route: what one of its choices was asked, the others may be.
    const known = aliases.flatMap((alias) => {
      const size = largest.get(alias)
      return size === undefined ? [] : targets(alias).map(({ name }) => [name, size] as const)
    })
    return createCostLimit({ limit, spent, largest: new Map(known), mostCost })
  }
  const names = unpriced.map(({ alias, model }) => `${alias} (${model})`).join(', ')
  throw new RowsmithError('config-invalid', `max_cost needs prices, and ${names} has none`, {
    hints: [
      `Add its price to the config, in dollars per million tokens: prices: { ${first.model}: { input: 0.4, output: 1.6 } }.`,
    ],
  })
}
