import type { Command } from 'commander'
import { repeated, type SetCode, withPlugins, wholeNumber } from './command-options.ts'

/* Commands that read a run folder. */

export function addShow(program: Command, set: SetCode): void {
  program
    .command('show')
    .argument('<dir>', 'run folder')
    .summary('Show what a run folder holds and what failed.')
    .description('Show what a run folder holds, what failed and how to continue.')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith show runs/stories')
    .action(async (directory: string, options) => {
      const { runShow } = await import('./show.ts')
      set(await runShow(directory, options))
    })
}

export function addFailures(program: Command, set: SetCode): void {
  program
    .command('failures')
    .argument('<dir>', 'run folder')
    .summary('List failed cells, the reasons and the cost.')
    .description('List failed cells by column and reason, with their number, attempts and cost.')
    .option('--column <name>', 'only cells of this column')
    .option('--code <code>', 'only cells that failed for this reason, such as bad-request')
    .option('--list', 'every failed cell, with the words of the model')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith failures runs/stories --list')
    .action(async (directory: string, options) => {
      const { runFailures } = await import('./failures.ts')
      set(await runFailures(directory, options))
    })
}

export function addRow(program: Command, set: SetCode): void {
  withPlugins(program.command('row'))
    .argument('<dir>', 'run folder')
    .argument('<row>', 'row, from 0', wholeNumber)
    .summary('Show everything about one row.')
    .description('Show everything about one row: cells, prompts, failures, attempts, cost, times.')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith row runs/stories 3')
    .action(async (directory: string, row: number, options) => {
      const { runRow } = await import('./row.ts')
      set(await runRow(directory, row, options))
    })
}

export function addReport(program: Command, set: SetCode): void {
  withPlugins(program.command('report'))
    .argument('<dir>', 'run folder')
    .summary('Show statistics of every column.')
    .description('Show statistics of every column, and write them as one HTML page with charts.')
    .option('--html <file>', 'path of the page (default: <dir>/report.html)')
    .option('--json', 'print the statistics as one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith report runs/stories --html stories.html')
    .action(async (directory: string, options) => {
      const { runReport } = await import('./report.ts')
      set(await runReport(directory, options))
    })
}

export function addCheck(program: Command, set: SetCode): void {
  program
    .command('check')
    .argument('<dir>', 'run folder')
    .summary('Check a run folder for damage and repair it.')
    .description('Verify every byte of a run folder: ledger, parts, dataset, media files.')
    .option('--repair', 'restore what it can, and plan lost rows again; sends nothing')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith check runs/stories --repair')
    .action(async (directory: string, options) => {
      const { runCheckCommand } = await import('./check-folder.ts')
      set(await runCheckCommand(directory, options))
    })
}

export function addRuns(program: Command, set: SetCode): void {
  program
    .command('runs')
    .argument('[dir]', 'folder of run folders', 'runs')
    .summary('List the runs of a folder.')
    .description('List the runs of a folder: state, rows, tokens, cost, age.')
    .option('--json', 'print {dir, runs} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith runs')
    .action(async (directory: string, options) => {
      const { runRuns } = await import('./runs.ts')
      set(await runRuns(directory, options))
    })
}

export function addDiff(program: Command, set: SetCode): void {
  withPlugins(program.command('diff'))
    .argument('<a>', 'run folder')
    .argument('<b>', 'run folder to compare it with')
    .summary('Compare two runs.')
    .description('Compare two runs: config, rows, cost, failures, statistics of columns.')
    .option('--html <file>', 'also write it as a page')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith diff runs/stories runs/stories --html diff.html')
    .action(async (one: string, other: string, options) => {
      const { runDiff } = await import('./diff.ts')
      set(await runDiff(one, other, options))
    })
}

export function addExport(program: Command, set: SetCode): void {
  withPlugins(program.command('export'))
    .argument('<dir>', 'run folder')
    .summary('Write every decided row to files.')
    .description('Write every decided row to files, also of an interrupted run.')
    .option(
      '--to <path>',
      'a file ending in .parquet, .arrow, .jsonl or .csv, a folder for several Parquet files, - for stdout (default: <dir>/export)',
    )
    .option(
      '--format <format>',
      'parquet, arrow, arrow-stream, jsonl or csv (default: by the ending of --to); chat, sharegpt, alpaca or dpo for training data',
    )
    .option('--map <file>', 'which column is which field of the training data (YAML)')
    .option('--dataset <name>', 'export a dataset that a schema_transform makes')
    .option(
      '--split-by <column>',
      'write separate files for each value of a column, such as that of the processor split',
    )
    .option('--force', 'replace files that are there already')
    .option('--json', 'print {dir, files} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith export runs/stories --to stories.jsonl')
    .action(async (directory: string, options) => {
      const { runExport } = await import('./export.ts')
      set(await runExport(directory, options))
    })
}

export function addPush(program: Command, set: SetCode): void {
  withPlugins(program.command('push'))
    .argument('<dir>', 'run folder')
    .argument('<repo>', 'dataset on the Hub: owner/name')
    .summary('Publish a dataset on the Hugging Face Hub.')
    .description(
      'Publish a complete dataset on the Hugging Face Hub, with a card; sends what is missing.',
    )
    .option('--private', 'a new repository is private')
    .option('--revision <branch>', 'branch, created where it does not exist (default: main)')
    .option('--message <text>', 'message of the commit')
    .option('--no-create', 'refuse a repository that does not exist')
    .option('--with-run', 'also push the ledger and the parts, so that a pull makes a run folder')
    .option('--force', 'push into a repository with data of somebody else')
    .option('--dry-run', 'show what would be sent, and send nothing')
    .option('--token-env <name>', tokenEnv)
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith push runs/stories jane/stories --private')
    .action(async (directory: string, repository: string, options) => {
      const { runPush } = await import('./push-dataset.ts')
      set(await runPush(directory, repository, options))
    })
}

export function addPull(program: Command, set: SetCode): void {
  program
    .command('pull')
    .argument('<repo>', 'dataset on the Hub: owner/name')
    .argument('<dir>', 'folder for its files')
    .summary('Download a dataset of the Hugging Face Hub.')
    .description(
      'Download a dataset of the Hugging Face Hub, and verify it; fetches what is missing.',
    )
    .option('--revision <revision>', 'branch, tag or commit (default: main)')
    .option('--force', 'replace files that have other content')
    .option('--token-env <name>', tokenEnv)
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith pull jane/stories stories')
    .action(async (repository: string, directory: string, options) => {
      const { runPull } = await import('./pull-dataset.ts')
      set(await runPull(repository, directory, options))
    })
}

const tokenEnv = 'environment variable that holds the token (default: HF_TOKEN)'

export function addBatches(program: Command, set: SetCode): void {
  program
    .command('batches')
    .argument('<dir>', 'run folder')
    .summary('List the batches that a run waits for.')
    .description('List the batches that a run waits for: where they are, and since when.')
    .option(
      '--give-up <batch>',
      'forget a batch that its provider no longer has; its requests are sent again (repeatable)',
      repeated,
    )
    .option('--json', 'print {dir, batches, givenUp} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith batches runs/stories')
    .action(async (directory: string, options) => {
      const { runBatches } = await import('./batches.ts')
      set(await runBatches(directory, options))
    })
}

export function addGc(program: Command, set: SetCode): void {
  program
    .command('gc')
    .argument('<dir>', 'run folder')
    .summary('Free disk space of replaced columns.')
    .description('Show the disk space of columns that an edit replaced, and free it with --yes.')
    .option('--yes', 'free it; undoing the edit then pays for the cells again')
    .option('--json', 'print {dir, columns, cells, bytes, freed} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith gc runs/stories --yes')
    .action(async (directory: string, options) => {
      const { runGc } = await import('./gc.ts')
      set(await runGc(directory, options))
    })
}
