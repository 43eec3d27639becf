import { Command, CommanderError } from 'commander'
import { ConfigError } from '../check/config-error.ts'
import { formatProblems } from '../config/format-problems.ts'
import { isRowsmithError, messageOf, type RowsmithError } from '../util/errors.ts'
import { packageVersion } from '../threads/package-version.ts'
import { jsonLine, visible } from '../util/visible.ts'
import type { SetCode } from './command-options.ts'
import {
  addCreate,
  addInit,
  addModels,
  addPreview,
  addRender,
  addValidate,
} from './config-commands.ts'
import {
  addBatches,
  addCheck,
  addDiff,
  addExport,
  addFailures,
  addGc,
  addPull,
  addPush,
  addReport,
  addRow,
  addRuns,
  addShow,
} from './folder-commands.ts'
import { addAgent, addCache, addKinds, addSchema } from './other-commands.ts'
import { isLive } from './terminal.ts'
import { withExcerpts } from './with-excerpts.ts'
import { errorAsJson, usageAsJson } from './error-json.ts'
import { exitCodeOfError, exitCodes, type ExitCode } from './exit-codes.ts'

/** Runs the command line; answers the exit code. */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  const program = createProgram((next) => {
    code = next
  })
  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    const isUsage = error instanceof CommanderError
    if (isUsage && error.exitCode === 0) return exitCodes.ok
    if (argv.includes('--json')) {
      // A program that reads stdout gets an object whatever happens; stderr says it to people.
      const told = isUsage ? usageAsJson(error) : errorAsJson(error)
      process.stdout.write(jsonLine({ error: told }))
    }
    if (isUsage) return exitCodes.usage
    printError(error)
    return exitCodeOfError(error)
  }
}

/** The commands; each loads what it needs when it runs. */
export function createProgram(set: SetCode): Command {
  const program = new Command('rowsmith')
    .description('Generate synthetic datasets: declare columns, get every row, lose nothing.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('  Add --help for the options of this command.')
    .configureOutput({
      outputError(text, write) {
        write(
          visible(text)
            .replace(/^error: /, 'rowsmith: ')
            .replace(/^\((Did you .*)\)$/m, '  $1'),
        )
      },
    })
    .addHelpText('after', exitCodeHelp)
  addInit(program, set)
  addCreate(program, set)
  addPreview(program, set)
  addValidate(program, set)
  addModels(program, set)
  addRender(program, set)
  addShow(program, set)
  addFailures(program, set)
  addRow(program, set)
  addReport(program, set)
  addCheck(program, set)
  addRuns(program, set)
  addDiff(program, set)
  addExport(program, set)
  addPush(program, set)
  addPull(program, set)
  addCache(program, set)
  addBatches(program, set)
  addGc(program, set)
  addKinds(program, set)
  addSchema(program, set)
  addAgent(program, set)
  return program
}

const exitCodeHelp = `
Exit codes: 0 ok, 1 unexpected, 2 bad usage or config, 3 finished with dropped rows,
4 stopped early (rows remain), 5 a run folder is damaged, 130 interrupted.
After 4 and 130, run the same command again to continue.

Example:
  rowsmith preview stories.yaml`

/** On a terminal the problems of a config show their lines. */
function messageWithExcerpts(error: RowsmithError): string {
  if (!(error instanceof ConfigError) || !isLive(process.stderr)) return error.message
  return formatProblems(withExcerpts(error.problems))
}

function printError(error: unknown): void {
  if (isRowsmithError(error) && error.code !== 'internal') {
    // Problems of a config begin with the place in the file.
    const prefix = error.name === 'ConfigError' ? '' : 'rowsmith: '
    process.stderr.write(`${prefix}${visible(messageWithExcerpts(error))}\n`)
    for (const hint of error.hints) process.stderr.write(`  ${visible(hint)}\n`)
    return
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
  process.stderr.write(
    `rowsmith: an unexpected error; this is a bug, please report it with this text:\n${visible(text)}\n`,
  )
}
