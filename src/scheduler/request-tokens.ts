import { charactersOf } from '../graph/request-size.ts'
import type { ModelRequest, Usage } from '../graph/request.ts'
import { createTokenEstimate } from '../limits/token-estimate.ts'
import { type PendingRequest, prepare } from './pending-request.ts'
import type { Resources } from './resources.ts'
import type { Route } from './route.ts'

export interface RequestTokensOptions {
  routes: readonly Route[]
  resources: Resources
  /** How large a request is where tokens are limited. */
  sizeOf: (choice: string, request: ModelRequest) => number
  /** A provider threw what is no `RequestError`: a mistake of its own. */
  providerFailed: (route: number, error: unknown) => void
}

/** How many tokens requests take, by their size and by what was counted before. */
export interface RequestTokens {
  /** Asked of the first in line where tokens are limited: what is sent is known before it leaves. */
  readonly expected: (pending: PendingRequest) => number
  /** What a reply counted; answers the tokens that it took of the limit. */
  readonly learn: (pending: PendingRequest, usage: Usage) => number
}

export function createRequestTokens(options: RequestTokensOptions): RequestTokens {
  const estimates = options.routes.map(({ maxTokens = null }) => createTokenEstimate(maxTokens))

  /** What is no size would switch the limits off, or end the run. */
  function sizeOf({ request: { route } }: PendingRequest, message: ModelRequest): number {
    const { name } = options.resources.choiceAt({ route, choice: 0 })
    try {
      const size = options.sizeOf(name, message)
      if (Number.isFinite(size) && size >= 0) return size
      throw new RangeError(`the size of a request has to be a number from 0 on, not ${size}`)
    } catch (error) {
      options.providerFailed(route, error)
      return charactersOf(message)
    }
  }

  return {
    expected(pending) {
      if (!pending.request.wanted()) return 0
      if (pending.prepared === null) {
        pending.prepared = prepare(pending)
        if ('message' in pending.prepared) pending.size = sizeOf(pending, pending.prepared.message)
      }
      if ('error' in pending.prepared) return 0
      return estimates[pending.request.route]?.expected(pending.size) ?? 0
    },
    learn: (pending, usage) => estimates[pending.request.route]?.learn(pending.size, usage) ?? 0,
  }
}
