import { builtInProviders } from '../config/model-providers.ts'
import type { ModelProvider } from '../config/dataset.ts'
import type { OutputMode } from '../config/output-mode.ts'
import type { Problem } from '../config/problem.ts'
import { pluginProblem } from '../graph/plugin-failure.ts'
import { charactersOf } from '../graph/request-size.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import { systemClock, type Clock } from '../util/clock.ts'
import type { BatchApi, BatchResult } from './batch-api.ts'
import type { OutputLadder } from './output-ladder.ts'
import { createLadders, type FollowModes, hasForm, sendInMode } from './output-ladders.ts'
import { inMode } from './output-reply.ts'
import { type Environment, type ModelEvent, outputModesOf, type Provider } from './provider.ts'
import { type CheckResult, type ProbedPlace, probePlaces } from './probe-places.ts'
import { proxyFor } from './proxies.ts'
import { providerKind } from './provider-kinds.ts'
import { resolveAliases, type ModelsConfig } from './resolve.ts'
import { modelTarget, type RouteTarget, routeTarget } from './route-target.ts'
import { replyRedactor } from './reply-secrets.ts'
import { createRedactor, furtherSecrets, resolveSecrets } from './secrets.ts'

/** The models of a run: every alias with its provider opened. */
export interface ModelRegistry {
  readonly aliases: readonly string[]
  /** Everywhere requests of an alias may go: at least one place. */
  targets(alias: string): readonly RouteTarget[]
  /** To one of these places, by its name. Rejects with a `RequestError`, or with the signal's reason. */
  send(name: string, request: ModelRequest, signal: AbortSignal): Promise<ModelReply>
  /** How large a request is where tokens are limited. */
  sizeOf(name: string, request: ModelRequest): number
  /** Batches of requests of one of these places; null where its provider has none. */
  batches(name: string): BatchApi | null
  /** Asks every place of every alias something tiny, all at once; failures are results, only an abort rejects. */
  check(
    aliases: readonly string[],
    signal: AbortSignal,
    onResult?: (result: CheckResult) => void,
  ): Promise<CheckResult[]>
  /**
   * Takes up what an earlier session found of how models are held to the form of their answers, and tells of
   * what is found from now on. What it returns ends that.
   */
  readonly followModes: FollowModes
  /** Takes the keys of this run out of a text. */
  readonly redact: (text: string) => string
  close(): Promise<void>
}

export interface OpenModelsOptions extends ModelsConfig {
  environment: Environment
  clock?: Clock
  /** The folder of the config; the working directory by default. */
  directory?: string
  /** Nothing will be sent: a key that is not set is no mistake. */
  withoutKeys?: boolean
  /** Hears what providers tell while they work. */
  onEvent?: (event: ModelEvent) => void
}

export interface OpenedModels {
  problems: Problem[]
  /** Null when nothing was opened; with an error among the problems it is there to be closed. */
  registry: ModelRegistry | null
}

interface Entry extends ProbedPlace {
  /** How the model is held to the form of its answers, as the config says it. */
  mode: OutputMode | null
  /** Otherwise, what works. */
  ladder: OutputLadder
  /** What is tried first. */
  firstMode: OutputMode
}

/** No config has a place for the key of a built-in provider: the model that uses it is shown. */
function atItsUser(problem: Problem, { providers, models }: ModelsConfig): Problem {
  const provider = providers[Number(problem.path[1])]
  if (provider === undefined || !builtInProviders.includes(provider)) return problem
  const user = models.findIndex((model) => model.provider === provider.name)
  return {
    ...problem,
    path: user === -1 ? ['model_configs'] : ['model_configs', user, 'provider'],
    suggestion: `Run "export ${provider.api_key}=…" first.`,
  }
}

/** Resolves aliases, providers and keys; opens no connection. */
export function openModels(options: OpenModelsOptions): OpenedModels {
  const {
    providers,
    environment,
    table,
    clock = systemClock,
    directory = process.cwd(),
    onEvent = () => undefined,
  } = options
  const { resolved, problems } = resolveAliases(options)
  const places = [...resolved.values()].flat()
  const needed = new Set(places.map(({ provider }) => provider.name))
  const { secrets, problems: unset } = resolveSecrets(
    providers.map((provider) =>
      needed.has(provider.name) ? provider : { ...provider, api_key: null, api_keys: null },
    ),
    environment,
  )
  const asked = [...new Set(places.map(({ provider }) => provider))]
  if (options.withoutKeys !== true)
    problems.push(...unset.map((problem) => atItsUser(problem, options)))
  problems.push(...proxyProblems(asked, options))
  if (problems.some(({ level }) => level === 'error')) return { problems, registry: null }

  const hidden = [...secrets.values(), ...furtherSecrets(providers, environment)]
  const redact = createRedactor(hidden)
  const opened = new Map<ModelProvider, Provider>()
  const modes = createLadders(clock)
  const entries = new Map<string, Entry[]>()
  const targets = places.map((each) => ({ ...each, target: modelTarget(each) }))
  for (const { target, ...place } of targets) {
    const { model, provider } = place
    const kind = providerKind(provider.provider_type, table)
    if (kind === undefined) throw new Error(`no kind for ${provider.provider_type}`)
    let open = opened.get(provider)
    if (open === undefined) {
      const apiKey = secrets.get(provider.api_key ?? '') ?? null
      const own = targets.filter((each) => each.provider === provider).map((each) => each.target)
      const context = { targets: own, apiKey, environment, clock, directory, onEvent, redact }
      try {
        open = kind.open(provider, context)
      } catch (error) {
        const path = ['model_providers', providers.findIndex(({ name }) => name === provider.name)]
        const problem = pluginProblem(error, path, `provider '${provider.name}'`)
        problems.push({ ...problem, message: redact(problem.message) })
        continue
      }
      opened.set(provider, open)
    }
    const siblings = resolved.get(model.alias) ?? []
    const route = routeTarget(place, {
      remote: kind.remote,
      siblings,
      models: options.models,
      providers: asked,
      secrets,
    })
    const entry = {
      route,
      target,
      provider: open,
      skipCheck: model.skip_health_check,
      mode: model.inference_parameters.output_mode ?? null,
      ladder: modes.of(route, kind),
      firstMode: outputModesOf(kind)[0] ?? 'prompt',
    }
    entries.set(model.alias, [...(entries.get(model.alias) ?? []), entry])
  }
  return {
    problems,
    registry: createRegistry(entries, {
      environment,
      redact,
      redactReply: replyRedactor(hidden),
      opened,
      follow: modes.follow,
    }),
  }
}

/** Proxies the environment names that can't be any: each variable once. */
function proxyProblems(
  needed: readonly ModelProvider[],
  { table, environment }: OpenModelsOptions,
): Problem[] {
  const found = new Map<string, string>()
  for (const { provider_type: type, endpoint } of needed) {
    if (providerKind(type, table)?.remote !== true || !URL.canParse(endpoint)) continue
    const proxy = proxyFor(new URL(endpoint), environment)
    if (proxy !== null && proxy.problem !== null) found.set(proxy.variable, proxy.problem)
  }
  return [...found].map(([variable, message]) => ({
    level: 'error',
    code: 'proxy-invalid',
    path: ['model_providers'],
    message: `Requests would go through a proxy that can't be one: ${message}`,
    suggestion: `Write ${variable} as host:port or as a URL, or unset it.`,
  }))
}

function createRegistry(
  entries: ReadonlyMap<string, readonly Entry[]>,
  {
    environment,
    redact,
    redactReply,
    opened,
    follow,
  }: {
    environment: Environment
    redact: (text: string) => string
    redactReply: ((reply: ModelReply) => ModelReply) | null
    opened: ReadonlyMap<ModelProvider, Provider>
    follow: FollowModes
  },
): ModelRegistry {
  const byName = new Map([...entries.values()].flat().map((one) => [one.route.name, one]))
  const targets = new Map(
    [...entries].map(([alias, places]) => [alias, places.map(({ route }) => route)]),
  )

  function unopened(name: string, known: Iterable<string>): Error {
    return new Error(
      `the model alias "${name}" was not opened; opened are: ${[...known].join(', ')}`,
    )
  }

  function entry(name: string): Entry {
    const found = byName.get(name)
    if (found !== undefined) return found
    throw unopened(name, byName.keys())
  }

  function targetsOf(alias: string): readonly RouteTarget[] {
    const found = targets.get(alias)
    if (found !== undefined) return found
    throw unopened(alias, targets.keys())
  }

  return {
    aliases: [...entries.keys()],
    targets: targetsOf,
    send(name, request, signal) {
      const { provider, target, mode, ladder, route } = entry(name)
      const send = (message: ModelRequest): Promise<ModelReply> =>
        // Providers of users may answer without a promise.
        Promise.resolve(provider.send(target, message, signal))
      const sent = !hasForm(request)
        ? send(request)
        : mode === null
          ? ladder.send(request, { alias: route.alias, send, signal })
          : sendInMode(mode, request, send)
      return redactReply === null ? sent : sent.then(redactReply)
    },
    sizeOf(name, request) {
      const { provider } = entry(name)
      return provider.sizeOf === undefined ? charactersOf(request) : provider.sizeOf(request)
    },
    batches(name) {
      const { provider, target, mode, ladder, firstMode } = entry(name)
      const api = provider.batches?.(target)
      if (api === undefined) return null
      return {
        ...api,
        line(id, request) {
          const used = mode ?? ladder.found?.mode ?? firstMode
          return api.line(id, hasForm(request) ? inMode(request, used) : request)
        },
        results: (status, signal) => withoutKeys(api.results(status, signal), redactReply),
      }
    },
    check: (aliases, signal, onResult = () => undefined) =>
      probePlaces(
        aliases.flatMap(targetsOf).map(({ name }) => entry(name)),
        { environment, redact, signal, onResult },
      ),
    redact,
    followModes: follow,
    async close() {
      await Promise.all([...opened.values()].map((provider) => provider.close()))
    },
  }
}

async function* withoutKeys(
  results: AsyncIterable<BatchResult>,
  redact: ((reply: ModelReply) => ModelReply) | null,
): AsyncGenerator<BatchResult> {
  for await (const result of results) {
    yield redact === null || !('reply' in result)
      ? result
      : { ...result, reply: redact(result.reply) }
  }
}
