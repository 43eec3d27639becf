import { packageVersion } from '../threads/package-version.ts'

/**
 * Answers what needs no command line to be built: the help and the version. Loading the parser
 * takes longer than Node itself does to start.
 */
export function answerAtOnce(parameters: readonly string[]): boolean {
  const [only = '', ...more] = parameters
  if (more.length > 0) return false
  if (['-V', '--version'].includes(only)) {
    process.stdout.write(`${packageVersion()}\n`)
    return true
  }
  // A narrow terminal gets the text the parser wraps for it.
  if (!['-h', '--help', 'help'].includes(only) || process.stdout.columns < helpWidth) return false
  process.stdout.write(helpText)
  return true
}

/** Columns from which on no line of the help is wrapped. */
export const helpWidth = 80

/** What the parser would print; a test compares the two. */
export const helpText = `Usage: rowsmith [options] [command]

Generate synthetic datasets: declare columns, get every row, lose nothing.

Options:
  -V, --version                output the version number
  -h, --help                   display help for command

Commands:
  init [options] [dir]         Write a config that runs, to start from.
  create [options] <config>    Make a dataset, or continue where it stopped.
  preview [options] <config>   Make a few records and show them.
  validate [options] <config>  Report everything that is wrong with a config.
  models                       Check that models and tools answer.
  render [options] <file>      Show the text of a prompt or template.
  show [options] <dir>         Show what a run folder holds and what failed.
  failures [options] <dir>     List failed cells, the reasons and the cost.
  row [options] <dir> <row>    Show everything about one row.
  report [options] <dir>       Show statistics of every column.
  check [options] <dir>        Check a run folder for damage and repair it.
  runs [options] [dir]         List the runs of a folder.
  diff [options] <a> <b>       Compare two runs.
  export [options] <dir>       Write every decided row to files.
  push [options] <dir> <repo>  Publish a dataset on the Hugging Face Hub.
  pull [options] <repo> <dir>  Download a dataset of the Hugging Face Hub.
  cache                        Move answers of models to another machine.
  batches [options] <dir>      List the batches that a run waits for.
  gc [options] <dir>           Free disk space of replaced columns.
  kinds [options] [config]     List the kinds a config may name.
  schema [options]             Print a JSON Schema of configs, for editors.
  agent                        Print a guide for coding agents.
  help [command]               display help for command

Exit codes: 0 ok, 1 unexpected, 2 bad usage or config, 3 finished with dropped rows,
4 stopped early (rows remain), 5 a run folder is damaged, 130 interrupted.
After 4 and 130, run the same command again to continue.

Example:
  rowsmith preview stories.yaml
`

/**
 * What can't be written must not end a run in its middle: it goes on and tells at its end.
 *
 * A reader that goes away (`| head`) has what it wanted, so the exit code still says how it went.
 * For what is lost on stderr there is no place left to tell of it.
 */
export function outliveBrokenOutput(): void {
  let lost: NodeJS.ErrnoException | null = null
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error
  })
  process.once('exit', () => {
    if (lost === null) return
    process.stderr.write(`rowsmith: stdout can't be written: ${lost.message}\n`)
    process.exitCode = 1
  })
}
