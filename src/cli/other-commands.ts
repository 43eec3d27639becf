import { type Command, Option } from 'commander'
import { type SetCode, withPlugins } from './command-options.ts'

/* Commands of the cache, and what they all know. */

export function addCache(program: Command, set: SetCode): void {
  const cache = program
    .command('cache')
    .summary('Move answers of models to another machine.')
    .description('Move the answers that --cache keeps to another machine, and back.')
    .addHelpText('after', cacheExamples)
  cache
    .command('export')
    .argument('<file>', 'JSON Lines to write; - for stdout')
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
    .description('Add the answers of a file to a cache; existing ones stay.')
    .option('--cache <dir>', cacheFolder)
    .addHelpText('after', '\nExample:\n  rowsmith cache import answers.jsonl')
    .action(async (file: string, options) => {
      const { importCache } = await import('./cache.ts')
      set(await importCache(file, options))
    })
}

export function addKinds(program: Command, set: SetCode): void {
  withPlugins(program.command('kinds'))
    .argument('[config]', 'config file whose plugins are included')
    .summary('List the kinds a config may name.')
    .description('List every kind of column, sampler, seed, provider and export format.')
    .option('--json', 'print {ok, kinds, problems} on stdout')
    .addHelpText('after', '\nExample:\n  rowsmith kinds stories.yaml')
    .action(async (config: string | undefined, options) => {
      const { runKinds } = await import('./kinds.ts')
      set(await runKinds(config, options))
    })
}

export function addSchema(program: Command, set: SetCode): void {
  withPlugins(program.command('schema'))
    .summary('Print a JSON Schema of configs, for editors.')
    .description(
      'Print a JSON Schema (draft-07) of a kind of file: completion and hints in editors.',
    )
    .addOption(
      new Option('--of <kind>', 'kind of file')
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
    .option('--out <file>', 'write to this file instead of stdout')
    .addHelpText(
      'after',
      '\nExample:\n  rowsmith schema --out rowsmith.schema.json\n  and in the first line of a config:\n  # yaml-language-server: $schema=rowsmith.schema.json',
    )
    .action(async (options) => {
      const { runSchema } = await import('./schema.ts')
      set(await runSchema(options))
    })
}

export function addAgent(program: Command, set: SetCode): void {
  const agent = program
    .command('agent')
    .summary('Print a guide for coding agents.')
    .description('Print a guide for coding agents that write configs for this version.')
    .addHelpText('after', '\nExample:\n  rowsmith agent context')
  agent
    .command('context')
    .description('Print commands, rules, kinds and the files with their fields and examples.')
    .addHelpText('after', '\nExample:\n  rowsmith agent context')
    .action(async () => {
      const { runAgentContext } = await import('./agent-context.ts')
      set(await runAgentContext())
    })
}

const cacheExamples =
  '\nExamples:\n  rowsmith create stories.yaml --out runs/kept --cache\n  rowsmith cache export answers.jsonl'
const cacheFolder = 'folder of the cache (default: .rowsmith-cache)'
