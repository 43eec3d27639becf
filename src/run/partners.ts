import type { ModelRegistry, RouteTarget } from '../models/registry.ts'
import type { ToolRegistry } from '../tools/open-tools.ts'

/** Everything that cells send requests to. */
export type Partners = Pick<ModelRegistry, 'aliases' | 'targets' | 'send' | 'sizeOf'>

/** Models and servers of tools, each by the name of its route. */
export function partnersOf({
  models,
  tools,
}: {
  models: ModelRegistry
  tools: Pick<ToolRegistry, 'routes' | 'send'>
}): Partners {
  const servers = new Map<string, RouteTarget[]>(
    tools.routes.map((route) => [route.alias, [route]]),
  )
  return {
    aliases: [...models.aliases, ...servers.keys()],
    targets: (name) => servers.get(name) ?? models.targets(name),
    send(name, request, signal) {
      const partner = servers.has(name) ? tools : models
      return partner.send(name, request, signal)
    },
    // No server of tools counts tokens.
    sizeOf: (name, request) => (servers.has(name) ? 0 : models.sizeOf(name, request)),
  }
}
