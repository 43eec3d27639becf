import type { ColumnKind, Generator } from '../graph/kind.ts'
import type { Origin } from '../graph/origin.ts'
import { createWatch, overriding, type PluginWatch, watchMethods } from './plugin-watch.ts'

/** A column kind of a plugin, whose mistakes are told as the plugin's. */
export function watchColumn(kind: ColumnKind, plugin: Origin): ColumnKind {
  const watch = createWatch(plugin, `column kind '${kind.type}'`)
  const watched = watchMethods(
    kind,
    ['instructions', 'load', 'constrain', 'describe', 'bind'],
    watch,
  )
  const { gate } = kind
  return overriding(watched, {
    describe(config, context, loaded) {
      const description = watched.describe(config, context, loaded)
      // What is wrong with a description is told where it is read.
      return isObject(description) ? watchMethods(description, ['fieldsAt'], watch) : description
    },
    bind(config, context, loaded) {
      const generator = watched.bind(config, context, loaded)
      return isObject(generator) ? watchGenerator(generator, watch) : generator
    },
    ...(gate !== undefined && {
      gate: watchMethods({ ...gate, kind: watchColumn(gate.kind, plugin) }, ['fields'], watch),
    }),
  })
}

function watchGenerator(generator: Generator, watch: PluginWatch): Generator {
  if (generator.by !== 'cell') return watchMethods(generator, ['generate'], watch)
  return generator.requests === 'one' || generator.requests === 'shared'
    ? watchMethods(generator, ['prepare', 'finish'], watch)
    : watchMethods(generator, ['run'], watch)
}

/** Types are gone where a plugin is called. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
