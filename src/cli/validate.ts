import { byPlace, formatProblems } from '../config/format-problems.ts'
import { validate } from '../check/validate.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { createScreen } from './terminal.ts'
import { jsonLine, visible, visibleLine } from '../util/visible.ts'
import { createWaiting } from './watch.ts'
import { withExcerpts } from './with-excerpts.ts'
import { besideConfig, type FileOptions } from './command-options.ts'

export interface ValidateOptions extends FileOptions {
  requireKeys?: true
  json?: true
}

export async function runValidate(config: string, options: ValidateOptions): Promise<ExitCode> {
  const screen = createScreen(process.stderr)
  using waiting = createWaiting({ screen, name: config, begin: 'reading it and its seed' })
  const { ok, problems } = await validate({
    config,
    ...besideConfig(options),
    requireKeys: options.requireKeys,
  })
  waiting[Symbol.dispose]()
  if (options.json) process.stdout.write(jsonLine({ ok, problems: problems.toSorted(byPlace) }))
  else if (problems.length > 0) {
    screen.print(visible(formatProblems(screen.live ? withExcerpts(problems) : problems)))
  }
  if (ok && !options.json) screen.print(`${visibleLine(config)} is valid.`)
  return ok ? exitCodes.ok : exitCodes.usage
}
