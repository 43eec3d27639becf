import type { ConfigPath, Problem } from '../config/problem.ts'
import { capitalized } from '../config/problems.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import type { Origin } from './origin.ts'

/** What a plugin was asked for when it went wrong. */
export interface PluginCall {
  readonly plugin: Origin
  /** `column kind 'initials'` */
  readonly kind: string
  /** `generate` */
  readonly method: string
}

interface PluginFailureOptions {
  readonly thrown: unknown
  /** It threw nothing, and gave something that can't be used. */
  readonly isAnswer?: boolean
  /** The first line of the stack in the plugin's own code; null where the stack has none. */
  readonly line: string | null
  /** `column 'short', row 3` */
  readonly place?: string | undefined
  readonly hints?: readonly string[]
}

/** A plugin's code threw what is none of the failures it may throw: a mistake of the plugin. */
export class PluginFailure extends RowsmithError {
  readonly call: PluginCall
  /** Null until somebody knows where it happened. */
  readonly place: string | null
  readonly #options: PluginFailureOptions

  constructor(call: PluginCall, options: PluginFailureOptions) {
    const { hints = [], place, thrown } = options
    super('plugin-failed', textOf(call, options), {
      cause: thrown,
      hints: [
        `This is a mistake of the plugin, not of rowsmith: mend it there, or send this message to whoever maintains '${call.plugin.name}'.`,
        ...hints,
      ],
    })
    this.name = 'PluginFailure'
    this.call = call
    this.place = place ?? null
    this.#options = options
  }

  /** The same with the place where it happened; one that has a place keeps it. */
  at(place: string, hints: readonly string[] = []): PluginFailure {
    if (this.place !== null) return this
    return new PluginFailure(this.call, { ...this.#options, place, hints })
  }
}

function textOf(
  { plugin: { name, version }, kind, method }: PluginCall,
  { thrown, isAnswer = false, line, place }: PluginFailureOptions,
): string {
  const who = version === null ? `plugin '${name}'` : `plugin '${name}' ${version}`
  const where = place === undefined ? '' : `, in ${place}`
  const from = line === null ? '' : ` (${line})`
  return `${who}: ${method}() of its ${kind} ${isAnswer ? 'returned an unusable value' : 'threw'}${where}: ${wordsOf(thrown)}${from}`
}

/** With the class of the error, which tells a mistake from a refusal that was meant. */
function wordsOf(thrown: unknown): string {
  const message = messageOf(thrown)
  if (!(thrown instanceof Error) || thrown.name === 'Error') return message || 'an empty error'
  return message === '' ? thrown.name : `${thrown.name}: ${message}`
}

/** Adds the place to a plugin's failure; anything else stays as it is. */
export function failureAt(error: unknown, place: string, hints: readonly string[] = []): unknown {
  return error instanceof PluginFailure ? error.at(place, hints) : error
}

/** What a kind answers while a config is checked; null, with a problem, where its plugin failed. */
export function answerOf<Answer>(
  ask: () => Answer,
  { path, place, problems }: { path: ConfigPath; place: string; problems: Problem[] },
): Answer | null {
  try {
    return ask()
  } catch (error) {
    problems.push(pluginProblem(error, path, place))
    return null
  }
}

/** A plugin's failure while a config was checked; everything else is rethrown. */
export function pluginProblem(error: unknown, path: ConfigPath, place: string): Problem {
  if (!(error instanceof PluginFailure)) throw error
  const {
    message,
    hints: [suggestion = ''],
  } = error.at(place)
  return {
    level: 'error',
    code: error.code,
    path,
    message: capitalized(message),
    suggestion,
  }
}
