import type { Problem } from '../config/problem.ts'
import { systemClock } from '../util/clock.ts'
import { hasErrors } from './config-error.ts'
import { check, type PrepareOptions } from './prepare.ts'

export interface Validation {
  /** Whether a run could start. */
  ok: boolean
  problems: readonly Problem[]
}

export type ValidateOptions = Pick<PrepareOptions, 'config'> &
  Partial<Omit<PrepareOptions, 'signal'>>

/** Checks a config as a run would, without asking a model and without writing anything. */
export async function validate(options: ValidateOptions): Promise<Validation> {
  const { prepared, problems } = await check({
    config: options.config,
    providersFile: options.providersFile,
    mcpProvidersFile: options.mcpProvidersFile,
    toolConfigsFile: options.toolConfigsFile,
    runConfig: options.runConfig,
    environment: options.environment ?? process.env,
    clock: options.clock ?? systemClock,
    plugins: options.plugins,
    signal: new AbortController().signal,
    onEvent: options.onEvent,
  })
  await prepared?.[Symbol.asyncDispose]()
  return { ok: !hasErrors(problems), problems }
}
