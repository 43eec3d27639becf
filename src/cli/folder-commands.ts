import type { Command } from 'commander'
import { type SetCode, withPlugins, wholeNumber } from './command-options.ts'

/* Commands that read a run folder. */

export function addShow(program: Command, set: SetCode): void {
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

export function addFailures(program: Command, set: SetCode): void {
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

export function addRow(program: Command, set: SetCode): void {
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

export function addReport(program: Command, set: SetCode): void {
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

export function addCheck(program: Command, set: SetCode): void {
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

export function addRuns(program: Command, set: SetCode): void {
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

export function addDiff(program: Command, set: SetCode): void {
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

export function addExport(program: Command, set: SetCode): void {
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

export function addGc(program: Command, set: SetCode): void {
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
