import type { OutputMode } from '../config/output-mode.ts'
import type { FoundMode, LeftMode } from '../graph/found-mode.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import type { Clock } from '../util/clock.ts'
import { createOutputLadder, type FormRequest, type OutputLadder } from './output-ladder.ts'
import { answerOf, inMode } from './output-reply.ts'
import { outputModesOf, type ProviderKind } from './provider.ts'

/** A model is known to be held to the form of its answers in another way than before. */
export interface ModeChange {
  /** The alias of the request that showed it. */
  alias: string
  found: FoundMode
  /** What was given up; null when a mode worked for the first time. */
  left: LeftMode | null
}

export type FollowModes = (
  found: readonly FoundMode[],
  changed: (found: readonly FoundMode[], change: ModeChange) => void,
) => () => void

/** One ladder for each model of an endpoint, whatever its aliases. */
export function createLadders(clock: Clock): {
  of: (route: Pick<FoundMode, 'endpoint' | 'model'>, kind: ProviderKind) => OutputLadder
  follow: FollowModes
} {
  const ladders = new Map<string, OutputLadder>()
  let tell: Parameters<FollowModes>[1] | null = null
  const keyOf = ({ provider, endpoint, model }: LadderAbout): string =>
    JSON.stringify([provider, endpoint, model])

  return {
    of({ endpoint, model }, kind) {
      const about = { provider: kind.type, endpoint, model }
      const key = keyOf(about)
      const known = ladders.get(key)
      if (known !== undefined) return known
      const ladder = createOutputLadder({
        about,
        modes: outputModesOf(kind),
        clock,
        changed(alias, left) {
          const all = [...ladders.values()].map(({ found }) => found)
          const { found } = ladder
          if (found !== null)
            tell?.(
              all.filter((one) => one !== null),
              { alias, found, left },
            )
        },
      })
      ladders.set(key, ladder)
      return ladder
    },
    follow(found, changed) {
      for (const one of found) ladders.get(keyOf(one))?.recall(one)
      tell = changed
      return () => {
        tell = null
      }
    },
  }
}

type LadderAbout = Pick<FoundMode, 'provider' | 'endpoint' | 'model'>

export function hasForm(request: ModelRequest): request is FormRequest {
  return request.operation === 'chat' && request.format !== undefined
}

/** As the config says it: a refusal is the request's failure. */
export async function sendInMode(
  mode: OutputMode,
  request: FormRequest,
  send: (request: ModelRequest) => Promise<ModelReply>,
): Promise<ModelReply> {
  const reply = await send(inMode(request, mode))
  return { ...answerOf(reply, request, mode), outputMode: mode }
}
