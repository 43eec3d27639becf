import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Desk } from '../e2e/command.ts'
import { type Block, fileNameOf, placeOf } from './blocks.ts'
import { executeConfig } from './config-block.ts'
import { withoutCoveredByCI } from './covered-by-ci.ts'
import { jsonDifference, outputDifference } from './expected-output.ts'
import { runCase } from './cases.ts'
import { runFolderDifference } from './run-folder.ts'
import { writePersonTable } from '../support/person-table.ts'
import { createHubRepositories } from '../support/hub-repository.ts'
import { createDocsServer, isBehaviour } from './server.ts'
import { createShell, type ShellEnded } from './shell.ts'
import { tryNewFiles } from './source-file.ts'

/** Executes the blocks of one page, in their order and in one folder; answers how many worked. */
export async function executePage(blocks: readonly Block[], desk: Desk): Promise<number> {
  const { directory } = desk
  await using server = await createDocsServer()
  await using hub = await createHubRepositories({ tokens: { hf_docs: 'write' } })
  const shell = await createShell(directory)
  shell.environment['HF_ENDPOINT'] = hub.url
  shell.environment['HF_TOKEN'] = 'hf_docs'
  if (blocks.some(({ text }) => /sampler_type: person$/m.test(text))) {
    const assets = join(directory, '.data-designer', 'managed-assets')
    shell.environment['DATA_DESIGNER_MANAGED_ASSETS_PATH'] = await writePersonTable(assets)
    shell.environment['XDG_CACHE_HOME'] = join(directory, '.cache')
  }
  let printed: ShellEnded | null = null

  async function write(name: string, text: string): Promise<string> {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, server.intoTest(text))
    return path
  }

  async function executeShell({ text, options }: Block): Promise<void> {
    const behaviour = options.get('server') ?? 'good'
    if (!isBehaviour(behaviour)) throw new Error(`no server behaves so: ${behaviour}`)
    const script = withoutCoveredByCI(text.replaceAll('_KEY=…', '_KEY=test-key-0123456789'))
    server.behave(behaviour)
    const signal = options.has('kill') ? 'SIGKILL' : 'SIGINT'
    const after = Number(options.get('interrupt') ?? options.get('kill') ?? Number.NaN)
    const interrupt = { signal, isDue: () => server.requests >= after } as const
    printed = await shell.run(script, Number.isNaN(after) ? undefined : interrupt)
    server.behave('good')
    const wanted = options.get('exit') ?? (signal === 'SIGKILL' ? 'SIGKILL' : '0')
    if (String(printed.code) !== wanted) {
      throw new Error(`it ended with ${printed.code} instead of ${wanted}:\n${printed.output}`)
    }
  }

  async function executeText({ text, options }: Block): Promise<void> {
    if (options.has('run-folder')) {
      const difference = await runFolderDifference(text)
      if (difference !== null) throw new Error(difference)
      return
    }
    const name = options.get('case')
    const output = name === undefined ? printed?.output : await runCase(name)
    if (output === null) {
      console.warn(`${name} was not tried: no right to mount a small disk`)
      return
    }
    if (output === undefined) throw new Error('there is no command before this output')
    const said = server.fromTest(output).replaceAll(hub.url, 'https://huggingface.co')
    const difference = outputDifference(text, said.replaceAll(directory, '…'))
    if (difference !== null) throw new Error(difference)
  }

  /** All of the page at the first of them: a compiler and a program look at them together. */
  async function executeNewFiles(block: Block): Promise<void> {
    const files = blocks.filter(({ language, options }) => language === 'ts' && options.has('file'))
    if (block !== files[0]) return
    await tryNewFiles(new Map(files.map(({ options, text }) => [options.get('file') ?? '', text])))
  }

  async function execute(block: Block): Promise<void> {
    switch (block.language) {
      case 'yaml':
        return executeConfig(block, { directory, environment: shell.environment, write })
      case 'sh':
        return executeShell(block)
      case 'text':
        return executeText(block)
      case 'ts': {
        if (block.options.has('file')) return executeNewFiles(block)
        const name = fileNameOf(block) ?? `program-${block.line}.ts`
        printed = await shell.runProgram(await write(name, block.text))
        if (printed.code !== 0) throw new Error(`it ended with ${printed.code}:\n${printed.output}`)
        return
      }
      case 'json': {
        const name = fileNameOf(block)
        const value: unknown = JSON.parse(block.text)
        if (name !== null) return void (await write(name, block.text))
        if (printed === null) throw new Error('there is no command before this output')
        const difference = jsonDifference(value, JSON.parse(printed.stdout))
        if (difference !== null)
          throw new Error(`${difference}\nThis was printed:\n${printed.stdout}`)
        return
      }
      case 'js':
      case 'csv':
      case 'jsonl': {
        const name = fileNameOf(block)
        if (name === null) throw new Error('name the file: file=NAME behind the language')
        return void (await write(name, `${block.text}\n`))
      }
      default:
        throw new Error(`no way is known to execute a block of "${block.language}"`)
    }
  }

  let worked = 0
  for (const block of blocks) {
    await execute(block).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`${placeOf(block)}: ${message}`, { cause: error })
    })
    worked += 1
  }
  return worked
}
