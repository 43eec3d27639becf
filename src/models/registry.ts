import { builtInProviders } from '../config/model-providers.ts'
import type { ModelConfig, ModelProvider, Sampled } from '../config/dataset.ts'
import type { OutputMode } from '../config/output-mode.ts'
import { hedgeQuantile } from '../config/model-pool.ts'
import type { Problem } from '../config/problem.ts'
import { extraBodyOf } from '../config/resolve-dataset.ts'
import { operationOf } from '../graph/generation-operation.ts'
import { pluginProblem } from '../graph/plugin-failure.ts'
import { charactersOf } from '../graph/request-size.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import { systemClock, type Clock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import type { BatchApi, BatchResult } from './batch-api.ts'
import { shownAddress } from './classify.ts'
import type { OutputLadder } from './output-ladder.ts'
import { createLadders, type FollowModes, hasForm, sendInMode } from './output-ladders.ts'
import { inMode } from './output-reply.ts'
import {
  type Environment,
  type ModelEvent,
  type ModelTarget,
  outputModesOf,
  type Provider,
} from './provider.ts'
import { proxyFor } from './proxies.ts'
import { rawJson } from './raw-json.ts'
import { providerKind } from './provider-kinds.ts'
import { resolveAliases, type ModelsConfig, type Resolved } from './resolve.ts'
import { replyRedactor } from './reply-secrets.ts'
import { createRedactor, furtherSecrets, resolveSecrets } from './secrets.ts'

/** What is declared to be allowed in a minute; null for no limit. */
export interface Rate {
  readonly requests: number | null
  readonly tokens: number | null
}

/** Where requests of an alias go, and how many may be on their way. */
export interface RouteTarget {
  readonly alias: string
  /** Of this place, for `send`: the alias where it has no other. */
  readonly name: string
  /** What tells it from the other places of its alias, for people; empty where there are none. */
  readonly choice: string
  /** Position in the pool of the alias; 0 without one. */
  readonly position: number
  /** Its share of the requests of the alias. */
  readonly weight: number
  /** The variable that holds its key; null for none. */
  readonly key: string | null
  /** Name of the provider. */
  readonly provider: string
  /** The provider's id of the model. */
  readonly model: string
  /** An address with its key and headers: what stops together when the key is refused. */
  readonly resource: string
  /** What shares a quota: the address, or the provider's name for what runs in the process. */
  readonly endpoint: string
  readonly aliasCap: number
  /** Over all aliases of the endpoint, or null for none. */
  readonly endpointCap: number | null
  readonly aliasRate: Rate
  /** Over all aliases of the endpoint. */
  readonly endpointRate: Rate
  readonly maxTokens: number | null
  readonly timeoutMs: number
  /** Whether its provider is to keep the beginning of prompts. */
  readonly cachesPrompts: boolean
  /** A second request is sent when an answer takes longer than this share of the others; null for none. */
  readonly hedge: number | null
  /** Its requests go in batches. */
  readonly isBatch?: boolean
}

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
  /** The folder of the config; the working directory when left out. */
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

const defaultTimeoutMs = 60_000

interface Entry {
  route: RouteTarget
  target: ModelTarget
  provider: Provider
  skipCheck: boolean
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
  const targets = places.map((each) => ({ ...each, target: targetOf(each) }))
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
    const route: RouteTarget = {
      ...routeOf(place, kind.remote),
      ...nameOf(place, siblings),
      hedge: hedgeOf(model.alias, options.models),
      resource: resourceOf(provider, asked, secrets),
    }
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

/** Names a place among those of its alias by what differs. */
function nameOf(
  { model, provider }: Resolved,
  siblings: readonly Resolved[],
): Pick<RouteTarget, 'name' | 'choice'> {
  const { alias } = model
  if (siblings.length === 1) return { name: alias, choice: '' }
  const isKeyed = siblings.some(
    (other) => other.provider !== provider && other.provider.name === provider.name,
  )
  const choice = `${model.model} (${provider.name}${isKeyed ? `, ${provider.api_key}` : ''})`
  return { name: `${alias}: ${choice}`, choice }
}

function hedgeOf(alias: string, models: readonly ModelConfig[]): number | null {
  const word = models.findLast((model) => model.alias === alias)?.hedge
  return word === undefined ? null : hedgeQuantile(word)
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
    async check(aliases, signal, onResult = () => undefined) {
      const skipAll = environment['ROWSMITH_SKIP_MODEL_HEALTH_CHECKS'] === '1'
      // Aliases that differ in parameters only would ask the same twice.
      const probes = new Map<string, Promise<CheckResult['error']>>()
      return Promise.all(
        aliases.flatMap(targetsOf).map(async ({ name, alias }) => {
          const { route, target, provider, skipCheck } = entry(name)
          const { model, key } = route
          const told = (result: CheckResult): CheckResult => {
            onResult(result)
            return result
          }
          const about = { alias, name, provider: route.provider, model }
          if (skipAll || skipCheck) return told({ ...about, outcome: 'skipped', error: null })
          const asked = JSON.stringify([
            route.provider,
            key,
            model,
            target.operation,
            target.extraBody,
          ])
          const probe = probes.get(asked) ?? probeOnce(provider, target, signal, redact)
          probes.set(asked, probe)
          const error = await probe
          return told({ ...about, outcome: error === null ? 'ready' : 'failed', error })
        }),
      )
    },
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

/** Named for the first provider that asks there with the same key: the key itself is no name. */
function resourceOf(
  provider: ModelProvider,
  providers: readonly ModelProvider[],
  secrets: ReadonlyMap<string, string>,
): string {
  const identity = ({ provider_type, endpoint, api_key, extra_headers }: ModelProvider): string =>
    JSON.stringify([provider_type, endpoint, secrets.get(api_key ?? '') ?? null, extra_headers])
  const own = identity(provider)
  const first = providers.find((other) => identity(other) === own) ?? provider
  const isOneOfSeveral = providers.some((other) => other !== first && other.name === first.name)
  return isOneOfSeveral ? `${first.name} ${first.api_key}` : first.name
}

function routeOf(
  { model, provider, position, weight }: Resolved,
  remote: boolean,
): Omit<RouteTarget, 'resource' | 'name' | 'choice' | 'hedge'> {
  const parameters = model.inference_parameters
  return {
    alias: model.alias,
    position,
    weight,
    key: provider.api_key,
    provider: provider.name,
    model: model.model,
    endpoint: remote && provider.endpoint !== '' ? shownAddress(provider.endpoint) : provider.name,
    aliasCap: parameters.max_parallel_requests,
    endpointCap: provider.max_parallel_requests,
    aliasRate: rateOf(parameters),
    endpointRate: rateOf(provider),
    maxTokens: parameters.max_tokens,
    timeoutMs: timeoutOf(model),
    cachesPrompts: model.cache_prompt === true,
    isBatch: model.mode === 'batch',
  }
}

function targetOf({ model, provider }: Resolved): ModelTarget {
  const parameters = model.inference_parameters
  const aliasCap = parameters.max_parallel_requests
  const extra = rawJson(extraBodyOf(model, provider) ?? {})
  return {
    model: model.model,
    operation: operationOf[parameters.generation_type],
    maxTokens: parameters.max_tokens,
    dimensions: parameters.dimensions ?? null,
    encodingFormat: parameters.encoding_format ?? 'float',
    temperature: fixed(parameters.temperature),
    topP: fixed(parameters.top_p),
    timeoutMs: timeoutOf(model),
    // `rawJson` of an object is an object.
    extraBody: extra as Record<string, unknown>,
    cachePrompt: model.cache_prompt === true,
    maxParallelRequests: Math.min(aliasCap, provider.max_parallel_requests ?? aliasCap),
  }
}

function timeoutOf({ inference_parameters: { timeout } }: ModelConfig): number {
  return timeout === null ? defaultTimeoutMs : timeout * 1000
}

/** What is drawn comes with each request. */
function fixed(sampled: Sampled | null): number | null {
  return typeof sampled === 'number' ? sampled : null
}

function rateOf({
  requests_per_minute,
  tokens_per_minute,
}: Pick<ModelProvider, 'requests_per_minute' | 'tokens_per_minute'>): Rate {
  return { requests: requests_per_minute, tokens: tokens_per_minute }
}
