import type { ColumnDescription, ColumnKind, Generator } from '../graph/kind.ts'
import type { Origin } from '../graph/origin.ts'
import {
  createWatch,
  overriding,
  type PluginWatch,
  UnusableAnswer,
  watchMethods,
} from './plugin-watch.ts'

/** A column kind of a plugin, whose mistakes are reported as the plugin's. */
export function watchColumn(kind: ColumnKind, plugin: Origin): ColumnKind {
  const watch = createWatch(plugin, `column kind '${kind.type}'`)
  const watched = watchMethods(
    kind,
    ['instructions', 'load', 'loads', 'constrain', 'describe', 'bind'],
    watch,
  )
  const { gate } = kind
  const described = new WeakMap<object, ColumnDescription>()
  return overriding(watched, {
    describe(config, context, loaded) {
      const description = watched.describe(config, context, loaded)
      // What is wrong with a description is reported where it is read.
      if (isObject(description)) described.set(config, description)
      return isObject(description) ? watchMethods(description, ['fieldsAt'], watch) : description
    },
    bind(config, context, loaded) {
      const generator = watched.bind(config, context, loaded)
      const wrong = generatorFault(generator, described.get(config))
      if (wrong !== null) throw watch(new UnusableAnswer(wrong), 'bind')
      return watchGenerator(generator, watch)
    },
    ...(gate !== undefined && {
      gate: watchMethods({ ...gate, kind: watchColumn(gate.kind, plugin) }, ['fields'], watch),
    }),
  })
}

/** Why a generator is not one of the described column; null where it is. */
function generatorFault(
  generator: Generator,
  description: ColumnDescription | undefined,
): string | null {
  if (!isObject(generator)) return 'no generator'
  const { by, routes = [] } = description ?? { by: generator.by }
  if (generator.by !== by) return `by: '${generator.by}', and its describe() says '${by}'`
  if (generator.by === 'cell' && description !== undefined) {
    const [first] = routes
    const requests = first === undefined || routes.length > 1 ? 'many' : first.requests
    // One that may ask, and one that does not, are run in the same way.
    if ((generator.requests === 'none' ? 'many' : generator.requests) !== requests) {
      return `requests: '${generator.requests}', and the routes of its describe() say '${requests}'`
    }
  }
  const missing = methodsOf(generator).find(
    (name) => typeof Reflect.get(generator, name) !== 'function',
  )
  return missing === undefined ? null : `a generator without a function ${missing}`
}

function methodsOf(generator: Generator): readonly string[] {
  if (generator.by !== 'cell') return ['generate']
  const asks = generator.requests === 'one' || generator.requests === 'shared'
  return asks ? ['prepare', 'finish'] : ['run']
}

function watchGenerator(generator: Generator, watch: PluginWatch): Generator {
  if (generator.by !== 'cell') return watchMethods(generator, ['generate'], watch)
  return generator.requests === 'one' || generator.requests === 'shared'
    ? watchMethods(generator, ['prepare', 'finish'], watch)
    : watchMethods(generator, ['run'], watch)
}

/** Types are missing where a plugin is called. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
