import { byPlace, formatProblems } from '../config/problems.ts'
import { validate } from '../run/validate.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

export interface ValidateOptions {
  runConfig?: string
  providers?: string
  json?: true
}

export async function runValidate(config: string, options: ValidateOptions): Promise<ExitCode> {
  const { ok, problems } = await validate({
    config,
    ...(options.runConfig === undefined ? {} : { runConfig: options.runConfig }),
    ...(options.providers === undefined ? {} : { providersFile: options.providers }),
  })
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ok, problems: problems.toSorted(byPlace) })}\n`)
  } else if (problems.length > 0) {
    process.stderr.write(`${formatProblems(problems)}\n`)
  }
  if (ok && !options.json) process.stderr.write(`${config} is sound.\n`)
  return ok ? exitCodes.ok : exitCodes.usage
}
