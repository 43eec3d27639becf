import { RequestError } from '../graph/request-error.ts'
import { messageOf } from '../util/errors.ts'
import type { Environment, ModelTarget, Provider } from './provider.ts'
import type { RouteTarget } from './route-target.ts'

/** What the readiness probe found for one place of an alias. */
export interface CheckResult {
  readonly alias: string
  /** Name of the place. */
  readonly name: string
  readonly provider: string
  readonly model: string
  readonly outcome: 'ready' | 'skipped' | 'failed'
  /** What is wrong and what to do; null when nothing is. */
  readonly error: { readonly code: string; readonly message: string } | null
}

/** A place that may be asked whether it is ready. */
export interface ProbedPlace {
  readonly route: RouteTarget
  readonly target: ModelTarget
  readonly provider: Provider
  readonly skipCheck: boolean
}

export interface ProbeOptions {
  environment: Environment
  redact: (text: string) => string
  signal: AbortSignal
  onResult: (result: CheckResult) => void
}

/** Asks each place something tiny, all at once; failures are results, only an abort rejects. */
export async function probePlaces(
  places: readonly ProbedPlace[],
  { environment, redact, signal, onResult }: ProbeOptions,
): Promise<CheckResult[]> {
  const skipAll = environment['ROWSMITH_SKIP_MODEL_HEALTH_CHECKS'] === '1'
  // Aliases that differ in parameters only would ask the same twice.
  const probes = new Map<string, Promise<CheckResult['error']>>()
  return Promise.all(
    places.map(async ({ route, target, provider, skipCheck }) => {
      const { alias, name, key, model } = route
      const told = (result: CheckResult): CheckResult => {
        onResult(result)
        return result
      }
      const about = { alias, name, provider: route.provider, model }
      if (skipAll || skipCheck) return told({ ...about, outcome: 'skipped', error: null })
      const asked = JSON.stringify([route.provider, key, model, target.operation, target.extraBody])
      const probe = probes.get(asked) ?? probeOnce(provider, target, signal, redact)
      probes.set(asked, probe)
      const error = await probe
      return told({ ...about, outcome: error === null ? 'ready' : 'failed', error })
    }),
  )
}

async function probeOnce(
  provider: Provider,
  target: ModelTarget,
  signal: AbortSignal,
  redact: (text: string) => string,
): Promise<CheckResult['error']> {
  try {
    await provider.probe(target, signal)
    return null
  } catch (error) {
    signal.throwIfAborted()
    const code = error instanceof RequestError ? error.code : 'internal'
    return { code, message: redact(messageOf(error)) }
  }
}
