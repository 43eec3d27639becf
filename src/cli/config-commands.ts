import { type Command, Option } from 'commander'
import { startLedgerEarly } from '../store/early-ledger.ts'
import { beginWith } from './first-frame.ts'
import { starters } from './init-models.ts'
import { templates } from './init-templates.ts'
import {
  type SetCode,
  withPlugins,
  withConfigOptions,
  repeated,
  dollarAmount,
  wholeNumber,
  runSeed,
  cacheOption,
  replayOption,
  mcpFile,
  toolFile,
  modelFile,
} from './command-options.ts'

/* Commands that read a config. */

export function addInit(program: Command, set: SetCode): void {
  program
    .command('init')
    .argument('[dir]', 'folder to write into', '.')
    .summary('Write a config that runs, to start from.')
    .description('Write a config that runs into a folder, with a README and the files it needs.')
    .option('--template <name>', `${Object.keys(templates).join(', ')} (default: it asks)`)
    .addOption(
      new Option(
        '--model <provider>',
        'provider of its models (default: one whose key is set)',
      ).choices(Object.keys(starters)),
    )
    .option('-y, --yes', 'ask no questions')
    .addHelpText('after', '\nExample:\n  rowsmith init my-tickets --template tickets')
    .action(async (directory: string, options) => {
      const { runInit } = await import('./init.ts')
      set(await runInit(directory, options))
    })
}

export function addCreate(program: Command, set: SetCode): void {
  withConfigOptions(program.command('create'))
    .summary('Make a dataset, or continue where it stopped.')
    .description('Make a dataset, or continue it where an earlier run stopped.')
    .option('-n, --rows <rows>', 'rows to plan (default: rows in the config, or 10)', wholeNumber)
    .option('--seed <seed>', 'run seed, 0 to 2^64 - 1 (default: drawn and stored)', runSeed)
    .option('--out <dir>', 'run folder (default: ./runs/<config name>)')
    .addOption(
      new Option('--resume', 'continue the run in the folder, or start one there').conflicts(
        'fresh',
      ),
    )
    .option('--fresh', 'start a new run in a new folder next to it')
    .option('--shrink', 'allow fewer rows than planned; the others stay in the run folder')
    .option(
      '--edit',
      'continue with a changed config: make new and changed columns, reuse the rest',
    )
    .option(
      '--keep <column>',
      'use the cells of this column although it changed, such as its model (repeatable)',
      repeated,
    )
    .option('--retry-failed', 'make failed cells again, also those left null; use every paid cell')
    .option('--column <name>', 'with --retry-failed: only cells of this column')
    .option('--code <code>', 'with --retry-failed: only cells that failed for this reason')
    .addOption(new Option('--retry-dropped', 'the old name of --retry-failed').hideHelp())
    .option('--repair', 'check every part file and make missing or damaged ones again')
    .option('--cancel-batches', 'cancel the batches that providers have, and make nothing')
    .option(
      '--max-cost <dollars>',
      'stop before the run costs more, over all sessions',
      dollarAmount,
    )
    .option('--dry-run', 'report what it would do and cost; change nothing')
    .option('--events <file>', "append the run's events to a file, as JSON Lines")
    .option('--run-config <file>', 'run config (YAML): buffer_size, max_attempts, …')
    .option('--cache [dir]', cacheOption)
    .option('--replay', replayOption)
    .option('--json', 'print one JSON object on stdout at the end')
    .addHelpText(
      'after',
      '\nExample:\n  rowsmith create stories.yaml -n 500 --seed 7 --out runs/stories',
    )
    .action(async (config: string, options) => {
      if (options.dryRun === true) {
        const { runForecast } = await import('./dry-create.ts')
        set(await runForecast(config, options))
        return
      }
      using beginning = beginWith(config)
      // On another core, while this one loads the engine.
      startLedgerEarly()
      const { runCreate } = await import('./create.ts')
      set(await runCreate(config, options, beginning))
    })
}

export function addPreview(program: Command, set: SetCode): void {
  withConfigOptions(program.command('preview'))
    .summary('Make a few records and show them.')
    .description('Make a few records and show them; keep nothing.')
    .option('-n, --rows <rows>', 'records to make', wholeNumber, 3)
    .option('--seed <seed>', 'run seed, 0 to 2^64 - 1', runSeed)
    .option('--run-config <file>', 'run config (YAML)')
    .option('--cache [dir]', cacheOption)
    .option('--replay', replayOption)
    .option('--no-pager', 'print all records one after the other, also on a terminal')
    .option('--json', 'print the records as one JSON array on stdout')
    .option('--forecast <file>', 'write what the whole run is likely to take to a file, as JSON')
    .addHelpText('after', '\nExample:\n  rowsmith preview stories.yaml -n 2')
    .action(async (config: string, options) => {
      using beginning = beginWith(config)
      const { runPreview } = await import('./preview.ts')
      set(await runPreview(config, options, beginning))
    })
}

export function addValidate(program: Command, set: SetCode): void {
  withConfigOptions(program.command('validate'))
    .summary('Report everything that is wrong with a config.')
    .description('Check a config as a run would and report everything that is wrong with it.')
    .option('--run-config <file>', 'run config (YAML)')
    .option('--require-keys', 'fail if a key is not set (default: a warning)')
    .option('--json', 'print {ok, problems} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith validate stories.yaml')
    .action(async (config: string, options) => {
      const { runValidate } = await import('./validate.ts')
      set(await runValidate(config, options))
    })
}

export function addModels(program: Command, set: SetCode): void {
  const models = program
    .command('models')
    .summary('Check that models and tools answer.')
    .description('Check that models and tool servers answer.')
    .addHelpText('after', '\nExample:\n  rowsmith models check stories.yaml')
  withPlugins(models.command('check'))
    .argument('[config]', 'config file (default: the known providers whose key is set)')
    .summary('Check every model and tool server of a config.')
    .description(
      'Send a request to every model and tool server of a config, and report problems with each: key, URL, model.',
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

export function addRender(program: Command, set: SetCode): void {
  withPlugins(program.command('render'))
    .argument('<file>', 'template file, or a config with --column')
    .summary('Show the text of a prompt or template.')
    .description('Show the text of a template, or of the templates of a column, in a row.')
    .option('-c, --column <name>', 'column of the config to render')
    .option(
      '-d, --data <file>',
      'rows as JSON: an object, a list, or JSON Lines; - reads stdin (default: rows that the config samples)',
    )
    .option('--row <row>', 'only this row, from 0', wholeNumber)
    .option('--seed <seed>', "run seed, 0 to 2^64 - 1 (default: the config's, or 0)", runSeed)
    .option('--vars', 'list the variables that the templates read; needs no data')
    .option('--tools', 'also show the tools that the model may call; starts their servers')
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
