import type { McpProvider, ToolConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { type ResolvedDataset, toolConfigOf } from '../config/resolve-dataset.ts'
import { noUsage, type ModelReply, type ModelRequest } from '../graph/request.ts'
import { type ToolBox, toolRoute } from '../graph/tool-box.ts'
import { shownAddress } from '../models/classify.ts'
import type { Environment } from '../models/provider.ts'
import type { RouteTarget } from '../models/route-target.ts'
import { createRedactor } from '../models/secrets.ts'
import { messageOf } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { openSession } from './mcp-session.ts'
import { createToolBox, timeoutOf } from './tool-boxes.ts'
import { createToolServer, type ToolServer } from './tool-server.ts'

export interface OpenToolsOptions {
  dataset: Pick<ResolvedDataset, 'toolConfigs' | 'mcpProviders'>
  /** Aliases that columns use: servers of others are not started and their keys need not be set. */
  used: readonly string[]
  environment: Environment
  /** The folder that processes work in: the config's. */
  directory: string
}

/** What is wrong with the tools of an alias. */
interface ToolFault {
  readonly alias: string
  readonly message: string
}

/** The tools of a run. */
export interface ToolRegistry {
  readonly aliases: readonly string[]
  box(alias: string): ToolBox
  /** Names of the servers of these aliases. */
  readonly servers: readonly string[]
  /** A route for each server. */
  readonly routes: readonly RouteTarget[]
  /** Calls a tool. Rejects with a `RequestError` where its server can't be reached, or with the signal's reason. */
  send(route: string, request: ModelRequest, signal: AbortSignal): Promise<ModelReply>
  /** Starts every server and lists its tools, all at once; tells of each that has listed them. */
  check(
    signal: AbortSignal,
    onListed?: (server: string, tools: number) => void,
  ): Promise<ToolFault[]>
  /** Takes the tokens of this run out of a text. */
  readonly redact: (text: string) => string
  close(): Promise<void>
}

export interface OpenedTools {
  problems: Problem[]
  /** Null when a problem is an error. */
  registry: ToolRegistry | null
}

/** Resolves aliases, providers and tokens; starts no server. */
export function openTools({
  dataset,
  used,
  environment,
  directory,
}: OpenToolsOptions): OpenedTools {
  const problems: Problem[] = []
  const needed = new Map<string, McpProvider>()
  const configs = new Map<string, ToolConfig>()
  for (const alias of used) {
    const config = toolConfigOf(dataset, alias)
    // The graph says it of the column that uses the alias, with its place.
    if (config === undefined) continue
    configs.set(alias, config)
    const path = ['tool_configs', dataset.toolConfigs.indexOf(config), 'providers']
    for (const [index, name] of config.providers.entries()) {
      const provider = dataset.mcpProviders.find((one) => one.name === name)
      if (provider !== undefined) needed.set(name, provider)
      else problems.push(unknownProvider(alias, name, [...path, index], dataset.mcpProviders))
    }
  }
  const tokens = new Map<string, string>()
  for (const provider of needed.values()) {
    const path = ['mcp_providers', dataset.mcpProviders.indexOf(provider), 'api_key']
    const { token, problem } = tokenOf(provider, environment, path)
    if (token !== null) tokens.set(provider.name, token)
    if (problem !== null) problems.push(problem)
  }
  if (problems.length > 0) return { problems, registry: null }

  const redact = createRedactor([...tokens.values(), ...secretsOf(needed.values())])
  const servers = new Map<string, ToolServer>()
  for (const [name, provider] of needed) {
    const context = { token: tokens.get(name) ?? null, environment, directory }
    servers.set(
      name,
      createToolServer({
        name,
        open: (options) => openSession(provider, context, options),
        redact,
      }),
    )
  }
  const boxes = new Map<string, ToolBox>()
  for (const [alias, config] of configs) {
    const own = config.providers.flatMap((name) => servers.get(name) ?? [])
    boxes.set(alias, createToolBox(config, own))
  }
  const routes = Array.from(needed.values(), (provider) => routeOf(provider, configs.values()))
  return { problems, registry: createToolRegistry({ boxes, servers, routes, redact }) }
}

interface Opened {
  boxes: ReadonlyMap<string, ToolBox>
  servers: ReadonlyMap<string, ToolServer>
  routes: readonly RouteTarget[]
  redact: (text: string) => string
}

function createToolRegistry({ boxes, servers, routes, redact }: Opened): ToolRegistry {
  const byRoute = new Map(Array.from(servers, ([name, server]) => [toolRoute(name), server]))
  return {
    routes,
    async send(route, request, signal) {
      const server = byRoute.get(route)
      if (server === undefined || request.operation !== 'call') {
        throw new Error(`${request.operation} is nothing to ask of ${route}`)
      }
      const { tool, input, timeoutMs } = request
      const content = await server.call(tool, input, { signal, timeoutMs })
      const { name: model } = server
      return { content, reasoning: null, finishReason: 'stop', usage: noUsage, model }
    },
    aliases: [...boxes.keys()],
    box(alias) {
      const box = boxes.get(alias)
      if (box === undefined) throw new Error(`the tools "${alias}" were not opened`)
      return box
    },
    servers: [...servers.keys()],
    async check(signal, onListed = () => undefined) {
      const listed = new Set<string>()
      const tell = (server: string, tools: number): void => {
        if (listed.has(server)) return
        listed.add(server)
        onListed(server, tools)
      }
      const faults = await Promise.all(
        [...boxes].map(async ([alias, box]): Promise<ToolFault[]> => {
          try {
            await box.list(signal, tell)
            return []
          } catch (error) {
            signal.throwIfAborted()
            return [{ alias, message: redact(messageOf(error)) }]
          }
        }),
      )
      return faults.flat()
    },
    redact,
    async close() {
      await Promise.all([...servers.values()].map((server) => server.close()))
    },
  }
}

/** A server stops with its token, and is away as a whole. */
function routeOf(provider: McpProvider, configs: Iterable<ToolConfig>): RouteTarget {
  const { name, max_parallel_requests: cap } = provider
  const timeouts = Array.from(configs, (config) =>
    config.providers.includes(name) ? timeoutOf(config) : 0,
  )
  const unlimited = { requests: null, tokens: null }
  return {
    alias: toolRoute(name),
    name: toolRoute(name),
    choice: '',
    position: 0,
    weight: 1,
    key: null,
    provider: name,
    model: 'tools',
    resource: toolRoute(name),
    endpoint:
      provider.provider_type === 'stdio' ? `MCP provider ${name}` : shownAddress(provider.endpoint),
    aliasCap: cap,
    endpointCap: null,
    aliasRate: unlimited,
    endpointRate: unlimited,
    maxTokens: null,
    timeoutMs: Math.max(...timeouts),
    hedge: null,
    cachesPrompts: false,
  }
}

function unknownProvider(
  alias: string,
  name: string,
  path: ConfigPath,
  known: readonly McpProvider[],
): Problem {
  const names = known.map((provider) => provider.name)
  const near = nearest(name, names)
  return {
    level: 'error',
    code: 'unknown-mcp-provider',
    path,
    message: `Tool config "${alias}": there is no MCP provider "${name}"`,
    expected: names.length === 0 ? 'an entry in mcp_providers' : `one of: ${names.join(', ')}`,
    received: name,
    suggestion:
      near === undefined
        ? 'Add it to mcp_providers, or give a file of them with --mcp-providers.'
        : `Did you mean "${near}"?`,
  }
}

function tokenOf(
  provider: McpProvider,
  environment: Environment,
  path: ConfigPath,
): { token: string | null; problem: Problem | null } {
  const variable = provider.provider_type === 'stdio' ? null : provider.api_key
  if (variable === null) return { token: null, problem: null }
  const token = environment[variable]?.trim() ?? ''
  if (/^[\u0021-\u007e]+$/.test(token)) return { token, problem: null }
  return {
    token: null,
    problem: {
      level: 'error',
      code: token === '' ? 'secret-missing' : 'secret-invalid',
      path,
      message: `MCP provider "${provider.name}" takes its token from the environment variable ${variable}, which ${token === '' ? 'is not set' : 'holds characters that no token has'}.`,
      suggestion: `Run "export ${variable}=…" first, or set "api_key" to null when the server needs none.`,
    },
  }
}

/** What a server's process gets in variables whose names say that they are secret. */
function* secretsOf(providers: Iterable<McpProvider>): Iterable<string> {
  for (const provider of providers) {
    if (provider.provider_type !== 'stdio') continue
    for (const [name, value] of Object.entries(provider.env)) {
      if (/authorization|key|token|secret|password/i.test(name)) yield value
    }
  }
}
