import { CellFailure } from '../graph/failure.ts'
import { CellInterrupted } from '../graph/interrupted.ts'
import { LoadFault } from '../graph/kind.ts'
import type { Origin } from '../graph/origin.ts'
import { PluginFailure } from '../graph/plugin-failure.ts'
import { RequestError } from '../graph/request-error.ts'
import { SeedFault } from '../seeds/define.ts'
import { isRowsmithError } from '../util/errors.ts'
import { pluginLine } from './plugin-line.ts'

/** Turns what one kind of a plugin throws and may not throw into the plugin's own failure. */
export type PluginWatch = (thrown: unknown, method: string) => unknown

/** A method of a plugin answered what its kind must not answer. */
export class UnusableAnswer extends Error {}

/** What a plugin may throw: each has a separate meaning. */
const meant = [CellFailure, CellInterrupted, LoadFault, RequestError, SeedFault]

export function createWatch(plugin: Origin, kind: string): PluginWatch {
  return (thrown, method) => {
    if (isRowsmithError(thrown) || meant.some((error) => thrown instanceof error)) return thrown
    const call = { plugin, kind, method }
    if (thrown instanceof UnusableAnswer) {
      return new PluginFailure(call, { thrown, line: null, isAnswer: true })
    }
    return new PluginFailure(call, { thrown, line: pluginLine(thrown) })
  }
}

/**
 * The object, of whatever class it is, with some of its methods watched; one that it lacks stays
 * lacking. What a method throws once a signal among its arguments was aborted goes on as it is.
 */
export function watchMethods<Watched extends object>(
  object: Watched,
  names: readonly (keyof Watched & string)[],
  watch: PluginWatch,
): Watched {
  const members = names.flatMap((name) => {
    const method: unknown = object[name]
    if (typeof method !== 'function') return []
    return [[name, { value: watchFunction(method.bind(object), name, watch), enumerable: true }]]
  })
  const made: Watched = Object.create(object, Object.fromEntries(members))
  return made
}

export function watchFunction<Args extends unknown[], Result>(
  call: (...args: Args) => Result,
  name: string,
  watch: PluginWatch,
): (...args: Args) => Result {
  function refuse(thrown: unknown, args: Args): never {
    throw args.some(isAborted) ? thrown : watch(thrown, name)
  }
  return (...args) => {
    let result: Result
    try {
      result = call(...args)
    } catch (error) {
      return refuse(error, args)
    }
    if (!(result instanceof Promise)) return result
    // A promise of the same, as `catch` that only throws gives it.
    return result.catch((error: unknown) => refuse(error, args)) as Result
  }
}

/** The same of a method that gives items one after the other, and of each time they are read. */
export function watchItems<Args extends unknown[], Item>(
  begin: (...args: Args) => AsyncIterable<Item>,
  name: string,
  { watch, isGiven = () => false }: ItemsWatch,
): (...args: Args) => AsyncIterable<Item> {
  return (...args) => ({
    async *[Symbol.asyncIterator]() {
      try {
        yield* begin(...args)
      } catch (error) {
        throw args.some(isAborted) || isGiven(error) ? error : watch(error, name)
      }
    },
  })
}

interface ItemsWatch {
  readonly watch: PluginWatch
  /** Whether something was thrown by what the plugin reads, and not by itself. */
  readonly isGiven?: (error: unknown) => boolean
}

/** The object with some members in the place of its own. */
export function overriding<Kind extends object>(object: Kind, members: Partial<Kind>): Kind {
  const made: Kind = Object.create(object, Object.getOwnPropertyDescriptors(members))
  return made
}

/** Of a signal, or of a context that has one. */
function isAborted(argument: unknown): boolean {
  if (typeof argument !== 'object' || argument === null) return false
  const signal = 'signal' in argument ? argument.signal : argument
  return signal instanceof AbortSignal && signal.aborted
}
