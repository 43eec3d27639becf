import type { Problem } from '../config/problem.ts'
import { systemClock } from '../util/clock.ts'
import { hasErrors } from './config-error.ts'
import { check, type PrepareOptions } from './prepare.ts'

/** The result of `validate`: whether a run could start, and all problems. */
export interface Validation {
  /** Whether a run could start. */
  ok: boolean
  problems: readonly Problem[]
}

/** Options of `validate`. */
export type ValidateOptions = Pick<PrepareOptions, 'config'> &
  Partial<Omit<PrepareOptions, 'signal'>> & {
    /** A key that is not set is an error, as it is for a run; a warning by default. */
    requireKeys?: boolean | undefined
  }

/** Makes the checks of a run, without a request and without writing anything. */
export async function validate(options: ValidateOptions): Promise<Validation> {
  const { prepared, problems } = await check({
    config: options.config,
    providersFile: options.providersFile,
    mcpProvidersFile: options.mcpProvidersFile,
    toolConfigsFile: options.toolConfigsFile,
    modelConfigsFile: options.modelConfigsFile,
    runConfig: options.runConfig,
    environment: options.environment ?? process.env,
    clock: options.clock ?? systemClock,
    plugins: options.plugins,
    signal: new AbortController().signal,
    onEvent: options.onEvent,
  })
  await prepared?.[Symbol.asyncDispose]()
  const told = options.requireKeys === true ? problems : problems.map(withoutKey)
  return { ok: !hasErrors(told), problems: told }
}

/** Who checks a config need not be who runs it: a key that is not set here is none of its mistakes. */
function withoutKey(problem: Problem): Problem {
  return isUnsetKey(problem) ? { ...problem, level: 'warning' } : problem
}

/** What is not a name of a variable at all is expected to be one. */
export function isUnsetKey({ code, expected }: Problem): boolean {
  return code === 'secret-missing' && expected === undefined
}
