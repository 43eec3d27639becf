import type { ModelRegistry } from '../models/registry.ts'
import type { RouteTarget } from '../models/route-target.ts'
import type { ToolRegistry } from '../tools/open-tools.ts'

/** Everything that cells send requests to. */
export type Partners = Pick<ModelRegistry, 'aliases' | 'targets' | 'send' | 'sizeOf' | 'batches'>

/** Models and servers of tools, each by the name of its route; with `realtime`, none goes in batches. */
export function partnersOf(
  { models, tools }: { models: ModelRegistry; tools: Pick<ToolRegistry, 'routes' | 'send'> },
  { realtime = false }: { realtime?: boolean | undefined } = {},
): Partners {
  const servers = new Map<string, RouteTarget[]>(
    tools.routes.map((route) => [route.alias, [route]]),
  )
  return {
    aliases: [...models.aliases, ...servers.keys()],
    targets(name) {
      const targets = servers.get(name) ?? models.targets(name)
      return realtime ? targets.map((target) => ({ ...target, isBatch: false })) : targets
    },
    send(name, request, signal) {
      const partner = servers.has(name) ? tools : models
      return partner.send(name, request, signal)
    },
    batches: (name) => (servers.has(name) ? null : models.batches(name)),
    // No server of tools counts tokens.
    sizeOf: (name, request) => (servers.has(name) ? 0 : models.sizeOf(name, request)),
  }
}
