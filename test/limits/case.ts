import { defaultRunConfig, type RequestAdmission } from '../../src/config/run-config.ts'
import { createRoutes } from '../../src/run/create-routes.ts'
import type { Rate, RouteTarget } from '../../src/models/route-target.ts'
import type { SchedulerEnd } from '../../src/scheduler/stopping.ts'
import { createEngine, requestOf, type Engine } from '../support/engine.ts'
import {
  createSimulatedServer,
  type SimulatedServer,
  type SimulatedServerOptions,
} from './simulated-server.ts'

const none: Rate = { requests: null, tokens: null }

export interface LimitsCaseOptions {
  server: SimulatedServerOptions
  rows: number
  /** `max_parallel_requests`. */
  cap: number
  /** What the config declares. */
  rate?: Partial<Rate>
  admission?: Partial<RequestAdmission>
  maxTokens?: number | null
  promptCharacters?: (row: number) => number
  groupRows?: number
  seed?: number
  /** The prompt of a row; so many characters by default. */
  prompt?: (row: number) => string
  maxOutageMs?: number
  during?: (engine: Engine) => void
  earlyShutdown?: { rate: number; window: number } | null
}

export interface LimitsCase {
  engine: Engine
  server: SimulatedServer
  end: SchedulerEnd
  minutes: number
}

/** A place of the alias `m`, with a separate server. */
export function simulatedTarget(name: string, fields: Partial<RouteTarget> = {}): RouteTarget {
  return {
    alias: 'm',
    name,
    choice: name,
    position: 0,
    weight: 1,
    key: null,
    provider: name,
    model: 'test',
    endpoint: name,
    resource: name,
    aliasCap: 16,
    endpointCap: null,
    aliasRate: none,
    endpointRate: none,
    maxTokens: null,
    timeoutMs: 60_000,
    hedge: null,
    cachesPrompts: false,
    ...fields,
  }
}

/** A whole run of one LLM column, with the limiters of a real one, against a simulated server. */
export async function runAgainst(options: LimitsCaseOptions): Promise<LimitsCase> {
  const { rows, cap, groupRows = 1_000, promptCharacters = () => 400 } = options
  const { prompt = (row: number) => 'x'.repeat(promptCharacters(row)) } = options
  let chance = options.seed ?? 1
  const [route] = createRoutes(
    {
      aliases: ['m'],
      targets: () => [
        simulatedTarget('here', {
          aliasCap: cap,
          aliasRate: { ...none, ...options.rate },
          maxTokens: options.maxTokens ?? null,
        }),
      ],
    },
    {
      admission: { ...defaultRunConfig.request_admission, ...options.admission },
      waitsForFailing: true,
      // Chance of its own, the same in every run.
      random: () => (chance = (chance * 16_807) % 0x7fffffff) / 0x7fffffff,
    },
  )
  if (route === undefined) throw new Error('no route')
  let answeredAt = 0
  const engine = createEngine({
    columns: [
      {
        name: 'text',
        route: 'm',
        prepare: (row) => requestOf(prompt(row.index)),
      },
    ],
    rows,
    groupRows,
    slots: { m: cap },
    limiters: () => [],
    options: {
      routes: [route],
      maxOutageMs: options.maxOutageMs ?? 300_000,
      earlyShutdown: options.earlyShutdown ?? null,
      async send(_, request) {
        const reply = await server.send(request)
        answeredAt = engine.clock.now()
        return reply
      },
    },
  })
  const server = createSimulatedServer(() => engine.clock, options.server)
  options.during?.(engine)
  const end = await engine.run()
  return { engine, server, end, minutes: answeredAt / 60_000 }
}

/** Accepted requests and their tokens in the first minutes. */
export function usedIn(
  server: SimulatedServer,
  minutes: number,
): { requests: number; tokens: number } {
  const accepted = server.arrivals.filter((call) => call.accepted && call.at < minutes * 60_000)
  return {
    requests: accepted.length,
    tokens: accepted.reduce((sum, { tokens }) => sum + tokens, 0),
  }
}

/** The share of all requests that were refused. */
export function refusedShare(server: SimulatedServer): number {
  return server.refused / server.arrivals.length
}
