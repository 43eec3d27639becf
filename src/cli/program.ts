import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { startLedgerEarly } from '../store/early-ledger.ts'
import { ConfigError } from '../check/config-error.ts'
import { formatProblems } from '../config/format-problems.ts'
import { isRowsmithError, messageOf, type RowsmithError } from '../util/errors.ts'
import { version } from './at-once.ts'
import { visible } from '../util/visible.ts'
import { starters } from './init-models.ts'
import { templates } from './init-templates.ts'
import { isLive } from './terminal.ts'
import { withExcerpts } from './with-excerpts.ts'
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
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    }
    printError(error)
    return exitCodeOfError(error)
  }
}

/** The commands; each loads what it needs when it runs. */
export function createProgram(set: SetCode): Command {
  const program = new Command('rowsmith')
    .description('Make synthetic datasets: declare columns, get every row, lose nothing.')
    .version(version(), '-V, --version')
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
  addCache(program, set)
  addGc(program, set)
  addKinds(program, set)
  addSchema(program, set)
  addAgent(program, set)
  return program
}

const exitCodeHelp = `
Exit codes: 0 ok, 1 unexpected, 2 bad usage or config, 3 finished with dropped rows,
4 stopped early (rows remain), 5 a run folder is damaged, 130 interrupted.
After 4 and 130, run the same command again to go on.

Example:
  rowsmith preview stories.yaml`

type SetCode = (code: ExitCode) => void

function addInit(program: Command, set: SetCode): void {
  program
    .command('init')
    .argument('[dir]', 'folder to write into', '.')
    .summary('Write a config that runs, to start from.')
    .description('Write a config that runs into a folder, with all that belongs beside it.')
    .option('--template <name>', `${Object.keys(templates).join(', ')} (default: it asks)`)
    .addOption(
      new Option(
        '--model <provider>',
        'where its models are (default: a provider whose key is set)',
      ).choices(Object.keys(starters)),
    )
    .option('-y, --yes', 'ask nothing')
    .addHelpText('after', '\nExample:\n  rowsmith init my-tickets --template tickets')
    .action(async (directory: string, options) => {
      const { runInit } = await import('./init.ts')
      set(await runInit(directory, options))
    })
}

function addCreate(program: Command, set: SetCode): void {
  withConfigOptions(program.command('create'))
    .summary('Make a dataset, or go on where it stopped.')
    .description('Make a dataset, or go on with it where an earlier run stopped.')
    .option('-n, --rows <rows>', 'rows to plan (default: rows in the config, or 10)', wholeNumber)
    .option('--seed <seed>', 'run seed, 0 to 2^64 - 1 (default: drawn and stored)', runSeed)
    .option('--out <dir>', 'run folder (default: ./runs/<config name>)')
    .addOption(
      new Option('--resume', 'go on with what is in the folder, or start there').conflicts('fresh'),
    )
    .option('--fresh', 'start anew in a new folder beside')
    .option('--shrink', 'allow fewer rows than were planned; the others stay in the run folder')
    .option('--edit', 'go on with a config that changed: make what is new or changed, use the rest')
    .option(
      '--keep <column>',
      'use the cells of this column although it changed, such as its model (repeatable)',
      repeated,
    )
    .option(
      '--retry-failed',
      'make failed cells again, also those left null; what was paid is used',
    )
    .option('--column <name>', 'with --retry-failed: only cells of this column')
    .option('--code <code>', 'with --retry-failed: only cells that failed for this reason')
    .addOption(new Option('--retry-dropped', 'the old name of --retry-failed').hideHelp())
    .option('--repair', 'check every part file and make those again that are gone or damaged')
    .option(
      '--max-cost <dollars>',
      'stop before the run costs more, over all sessions',
      dollarAmount,
    )
    .option('--run-config <file>', 'run config (YAML): buffer_size, max_attempts, …')
    .option('--cache [dir]', cacheOption)
    .option('--replay', replayOption)
    .option('--json', 'print one JSON object on stdout at the end')
    .addHelpText(
      'after',
      '\nExample:\n  rowsmith create stories.yaml -n 500 --seed 7 --out runs/stories',
    )
    .action(async (config: string, options) => {
      // On another core, while this one loads the engine.
      startLedgerEarly()
      const { runCreate } = await import('./create.ts')
      set(await runCreate(config, options))
    })
}

function addPreview(program: Command, set: SetCode): void {
  withConfigOptions(program.command('preview'))
    .summary('Make a few records and show them.')
    .description('Make a few records and show them; nothing is kept.')
    .option('-n, --rows <rows>', 'records to make', wholeNumber, 3)
    .option('--seed <seed>', 'run seed, 0 to 2^64 - 1', runSeed)
    .option('--run-config <file>', 'run config (YAML)')
    .option('--cache [dir]', cacheOption)
    .option('--replay', replayOption)
    .option('--no-pager', 'print all records one after the other, also on a terminal')
    .option('--json', 'print the records as one JSON array on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith preview stories.yaml -n 2')
    .action(async (config: string, options) => {
      const { runPreview } = await import('./preview.ts')
      set(await runPreview(config, options))
    })
}

function addValidate(program: Command, set: SetCode): void {
  withConfigOptions(program.command('validate'))
    .summary('Say everything that is wrong with a config.')
    .description('Check a config as a run would and say everything that is wrong with it.')
    .option('--run-config <file>', 'run config (YAML)')
    .option('--require-keys', 'fail where a key is not set (default: a warning)')
    .option('--json', 'print {ok, problems} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith validate stories.yaml')
    .action(async (config: string, options) => {
      const { runValidate } = await import('./validate.ts')
      set(await runValidate(config, options))
    })
}

function addModels(program: Command, set: SetCode): void {
  const models = program
    .command('models')
    .summary('Ask whether models and tools answer.')
    .description('Ask models and servers of tools whether they answer.')
    .addHelpText('after', '\nExample:\n  rowsmith models check stories.yaml')
  withPlugins(models.command('check'))
    .argument('[config]', 'config file (default: the known providers whose key is set)')
    .summary('Ask every model and server of tools of a config.')
    .description(
      'Ask every model and every server of tools that a config uses, and say what is wrong with each: key, address, model.',
    )
    .option('--providers <file>', 'model providers (YAML with a list `providers`)')
    .option('--mcp-providers <file>', mcpFile)
    .option('--tool-configs <file>', toolFile)
    .option('--model-configs <file>', modelFile)
    .option('--json', 'print {ok, models, tools, problems} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith models check stories.yaml')
    .action(async (config: string | undefined, options) => {
      const { runModelsCheck } = await import('./models-check.ts')
      set(await runModelsCheck(config, options))
    })
}

function addRender(program: Command, set: SetCode): void {
  withPlugins(program.command('render'))
    .argument('<file>', 'template of any ending, or a config with --column')
    .summary('Show what a prompt or template becomes.')
    .description('Show what a template, or the templates of a column, become in a row.')
    .option('-c, --column <name>', 'column of the config whose templates are rendered')
    .option(
      '-d, --data <file>',
      'rows as JSON: an object, a list, or JSON Lines; - reads stdin (default: what the config samples)',
    )
    .option('--row <row>', 'only this row, from 0', wholeNumber)
    .option('--seed <seed>', "run seed, 0 to 2^64 - 1 (default: the config's, or 0)", runSeed)
    .option('--vars', 'list the variables the templates read; needs no data')
    .option('--tools', 'show the tools that the model may call, too; starts their servers')
    .option('--mcp-providers <file>', mcpFile)
    .option('--tool-configs <file>', toolFile)
    .option('--model-configs <file>', modelFile)
    .option('--json', 'print one JSON object on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  rowsmith render prompt.j2 --data rows.jsonl --row 3\n  rowsmith render stories.yaml --column story\n  rowsmith render prompt.j2 --vars',
    )
    .action(async (file: string, options) => {
      const { runRender } = await import('./render.ts')
      set(await runRender(file, options))
    })
}

function addShow(program: Command, set: SetCode): void {
  program
    .command('show')
    .argument('<dir>', 'run folder')
    .summary('Say what a run folder holds and what failed.')
    .description('Say what a run folder holds, what failed and how to go on.')
    .option('--json', 'print it as one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith show runs/stories')
    .action(async (directory: string, options) => {
      const { runShow } = await import('./show.ts')
      set(await runShow(directory, options))
    })
}

function addFailures(program: Command, set: SetCode): void {
  program
    .command('failures')
    .argument('<dir>', 'run folder')
    .summary('Say which cells failed, why, and what they cost.')
    .description(
      'Say which cells failed, by column and reason: why, how often, and what they cost.',
    )
    .option('--column <name>', 'only cells of this column')
    .option('--code <code>', 'only cells that failed for this reason, such as bad-request')
    .option('--list', 'every failed cell, with all that was said of it')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith failures runs/stories --list')
    .action(async (directory: string, options) => {
      const { runFailures } = await import('./failures.ts')
      set(await runFailures(directory, options))
    })
}

function addRow(program: Command, set: SetCode): void {
  withPlugins(program.command('row'))
    .argument('<dir>', 'run folder')
    .argument('<row>', 'row, from 0', wholeNumber)
    .summary('Show everything that is known of one row.')
    .description('Show everything known of one row: cells, prompts, failures, tries, cost, times.')
    .option('--json', 'print it as one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith row runs/stories 3')
    .action(async (directory: string, row: number, options) => {
      const { runRow } = await import('./row.ts')
      set(await runRow(directory, row, options))
    })
}

function addReport(program: Command, set: SetCode): void {
  withPlugins(program.command('report'))
    .argument('<dir>', 'run folder')
    .summary('Statistics of every column, as text and page.')
    .description('Show statistics of every column, and write them as one HTML page with charts.')
    .option('--html <file>', 'where the page goes (default: <dir>/report.html)')
    .option('--json', 'print the statistics as one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith report runs/stories --html stories.html')
    .action(async (directory: string, options) => {
      const { runReport } = await import('./report.ts')
      set(await runReport(directory, options))
    })
}

function addCheck(program: Command, set: SetCode): void {
  program
    .command('check')
    .argument('<dir>', 'run folder')
    .summary('Look whether a run folder is damaged; mend it.')
    .description('Look at every byte of a run folder: the ledger, parts, the dataset, media files.')
    .option('--repair', 'restore what can be restored, and plan again what is lost; sends nothing')
    .option('--json', 'print it as one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith check runs/stories --repair')
    .action(async (directory: string, options) => {
      const { runCheckCommand } = await import('./check-folder.ts')
      set(await runCheckCommand(directory, options))
    })
}

function addRuns(program: Command, set: SetCode): void {
  program
    .command('runs')
    .argument('[dir]', 'folder of run folders', 'runs')
    .summary('List the runs of a folder.')
    .description('List the runs of a folder: state, rows, tokens, cost, and how old they are.')
    .option('--json', 'print {dir, runs} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith runs')
    .action(async (directory: string, options) => {
      const { runRuns } = await import('./runs.ts')
      set(await runRuns(directory, options))
    })
}

function addDiff(program: Command, set: SetCode): void {
  withPlugins(program.command('diff'))
    .argument('<a>', 'run folder')
    .argument('<b>', 'run folder it is compared with')
    .summary('Put two runs side by side.')
    .description('Put two runs side by side: config, rows, cost, failures, statistics of columns.')
    .option('--html <file>', 'write it as a page, too')
    .option('--json', 'print it as one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith diff runs/stories runs/stories --html diff.html')
    .action(async (one: string, other: string, options) => {
      const { runDiff } = await import('./diff.ts')
      set(await runDiff(one, other, options))
    })
}

function addExport(program: Command, set: SetCode): void {
  withPlugins(program.command('export'))
    .argument('<dir>', 'run folder')
    .summary('Write every decided row to files.')
    .description('Write every decided row to files, also of an interrupted run.')
    .option(
      '--to <path>',
      'a file ending in .parquet, .jsonl or .csv, a folder for several Parquet files, - for stdout (default: <dir>/export)',
    )
    .option(
      '--format <format>',
      'parquet, jsonl or csv (by the ending of --to when left out); chat, sharegpt, alpaca or dpo for training data',
    )
    .option('--map <file>', 'which column is which field of the training data (YAML)')
    .option('--dataset <name>', 'one that a schema_transform makes beside the dataset')
    .option(
      '--split-by <column>',
      'files of their own for each value of a column, such as that of the processor split',
    )
    .option('--force', 'replace files that are there already')
    .option('--json', 'print {dir, files} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith export runs/stories --to stories.jsonl')
    .action(async (directory: string, options) => {
      const { runExport } = await import('./export.ts')
      set(await runExport(directory, options))
    })
}

function addCache(program: Command, set: SetCode): void {
  const cache = program
    .command('cache')
    .summary('Take answers of models to another machine.')
    .description('Take the answers that --cache keeps to another machine, and back.')
    .addHelpText('after', cacheExamples)
  cache
    .command('export')
    .argument('<file>', 'JSON Lines that are written; - for stdout')
    .summary('Write all answers of a cache to a file.')
    .description('Write all answers of a cache to a file of JSON Lines.')
    .option('--cache <dir>', cacheFolder)
    .addHelpText('after', cacheExamples)
    .action(async (file: string, options) => {
      const { exportCache } = await import('./cache.ts')
      set(await exportCache(file, options))
    })
  cache
    .command('import')
    .argument('<file>', 'JSON Lines that `cache export` wrote; - for stdin')
    .summary('Add the answers of a file to a cache.')
    .description('Add the answers of such a file to a cache; those that are there stay.')
    .option('--cache <dir>', cacheFolder)
    .addHelpText('after', '\nExample:\n  rowsmith cache import answers.jsonl')
    .action(async (file: string, options) => {
      const { importCache } = await import('./cache.ts')
      set(await importCache(file, options))
    })
}

function addGc(program: Command, set: SetCode): void {
  program
    .command('gc')
    .argument('<dir>', 'run folder')
    .summary('Free what a run keeps of older configs.')
    .description(
      'Say what a run folder keeps of columns that an edit replaced, and free it with --yes.',
    )
    .option('--yes', 'free it; a config that is changed back then pays for its cells again')
    .option('--json', 'print {dir, columns, cells, bytes, freed} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith gc runs/stories --yes')
    .action(async (directory: string, options) => {
      const { runGc } = await import('./gc.ts')
      set(await runGc(directory, options))
    })
}

function addKinds(program: Command, set: SetCode): void {
  withPlugins(program.command('kinds'))
    .argument('[config]', 'config file whose plugins count, too')
    .summary('List the kinds a config may name.')
    .description('List every kind of column, sampler, seed, provider and export format there is.')
    .option('--json', 'print {ok, kinds, problems} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith kinds stories.yaml')
    .action(async (config: string | undefined, options) => {
      const { runKinds } = await import('./kinds.ts')
      set(await runKinds(config, options))
    })
}

function addSchema(program: Command, set: SetCode): void {
  withPlugins(program.command('schema'))
    .summary('Print a JSON Schema of configs, for editors.')
    .description(
      'Print a JSON Schema (draft-07) of a kind of file: completion and hints in editors.',
    )
    .addOption(
      new Option('--of <kind>', 'which file it is of')
        .choices([
          'dataset',
          'run-config',
          'providers',
          'mcp-providers',
          'tool-configs',
          'model-configs',
        ])
        .default('dataset'),
    )
    .option('--out <file>', 'write it there instead of on stdout')
    .addHelpText(
      'after',
      '\nExample:\n  rowsmith schema --out rowsmith.schema.json\n  and in the first line of a config:\n  # yaml-language-server: $schema=rowsmith.schema.json',
    )
    .action(async (options) => {
      const { runSchema } = await import('./schema.ts')
      set(await runSchema(options))
    })
}

function addAgent(program: Command, set: SetCode): void {
  const agent = program
    .command('agent')
    .summary('Say what a coding agent needs to know.')
    .description('Say what a coding agent needs to write configs for this version.')
    .addHelpText('after', '\nExample:\n  rowsmith agent context')
  agent
    .command('context')
    .description('Print commands, rules, kinds and where their fields and examples are.')
    .addHelpText('after', '\nExample:\n  rowsmith agent context')
    .action(async () => {
      const { runAgentContext } = await import('./agent-context.ts')
      set(await runAgentContext())
    })
}

/** Of every command that needs kinds. */
function withPlugins(command: Command): Command {
  return command.option(
    '--plugin <name>',
    'plugin with further kinds: a package, or a path such as ./plugin.js (repeatable)',
    repeated,
  )
}

const cacheExamples =
  '\nExamples:\n  rowsmith create stories.yaml --out runs/kept --cache\n  rowsmith cache export answers.jsonl'
const cacheFolder = 'folder of the cache (default: .rowsmith-cache)'
const cacheOption =
  'keep answers of models for other runs, and take them from there (default folder: .rowsmith-cache)'
const replayOption = 'take every answer from the cache: one that is not there ends the run'
function repeated(word: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), word]
}

const mcpFile = 'servers of tools (YAML with a list `providers`)'
const toolFile = 'tools of columns (YAML with a list `tool_configs`)'
const modelFile = 'models by alias (YAML with a list `model_configs`)'

function withConfigOptions(command: Command): Command {
  return withPlugins(command)
    .argument('<config>', 'config file (.yaml, .yml, .json)')
    .option('--providers <file>', 'model providers (YAML with a list `providers`)')
    .option('--mcp-providers <file>', mcpFile)
    .option('--tool-configs <file>', toolFile)
    .option('--model-configs <file>', modelFile)
}

function dollarAmount(written: string): number {
  const amount = Number(written)
  if (written.trim() !== '' && Number.isFinite(amount) && amount > 0) return amount
  throw new InvalidArgumentError('Expected dollars above 0, such as 5 or 0.50.')
}

function wholeNumber(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (/^\d+(_\d+)*$/.test(text) && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError(`expected a whole number from 0, got ${JSON.stringify(text)}.`)
}

function runSeed(text: string): bigint {
  if (/^\d+$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text)
  throw new InvalidArgumentError(
    `expected a whole number from 0 to 2^64 - 1, got ${JSON.stringify(text)}.`,
  )
}

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
    `rowsmith: an unexpected error; this is a defect, please report it with this text:\n${visible(text)}\n`,
  )
}
