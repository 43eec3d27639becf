import { lstat, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { findPackage } from '../threads/find-package.ts'
import { storageError } from '../threads/storage-error.ts'
import { failedWith } from '../threads/system-error.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { visibleLine } from '../util/visible.ts'
import { commandText } from './command-line.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { chooseStarter, type StarterName, starters, withStarter } from './init-models.ts'
import { templateFiles, type TemplateName, templates } from './init-templates.ts'
import { createScreen, type Screen } from './terminal.ts'

export interface InitOptions {
  template?: string
  model?: StarterName
  yes?: true
}

const usualTemplate: TemplateName = 'tickets'

/** Writes a config that runs, with what belongs next to it, into a folder; overwrites nothing. */
export async function runInit(
  directory: string,
  { template: asked, model, yes }: InitOptions,
): Promise<ExitCode> {
  const screen = createScreen(process.stderr)
  const folder = resolve(directory)
  const template = asked === undefined ? await askTemplate(screen, yes === true) : known(asked)
  const choice = model === undefined ? await suitableStarter(folder) : { name: model, because: '' }
  const files = await templateFiles(template)
  await refuseOverwriting(folder, [...files.keys()])
  for (const [name, text] of files) {
    const isConfig = name === `${template}.yaml`
    await write(join(folder, name), isConfig ? withStarter(text, choice.name) : text)
  }
  const here = relative(process.cwd(), folder) || '.'
  const place = here === '.' ? 'this folder' : visibleLine(here)
  screen.print(`Wrote ${[...files.keys()].join(', ')} into ${place}.`)
  screen.print(starterText(choice))
  screen.print('Next:')
  for (const line of nextCommands(template, choice.name, here)) screen.print(`  ${line}`)
  return exitCodes.ok
}

function known(name: string): TemplateName {
  const names = Object.keys(templates)
  // One of its own keys.
  if (names.includes(name)) return name as TemplateName
  const meant = nearest(name, names)
  throw new RowsmithError('usage', `there is no template '${name}'`, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      `There are ${names.join(', ')}.`,
    ],
  })
}

async function askTemplate(screen: Screen, usual: boolean): Promise<TemplateName> {
  if (usual) return usualTemplate
  const names = Object.entries(templates)
  if (!process.stdin.isTTY) {
    throw new RowsmithError('usage', 'no template is given, and stdin is not a terminal', {
      hints: [
        `Add --template with one of ${names.map(([name]) => name).join(', ')}, or --yes for ${usualTemplate}.`,
      ],
    })
  }
  screen.print('Which dataset?')
  for (const [at, [name, text]] of names.entries()) {
    screen.print(`  ${at + 1}  ${name.padEnd(18)} ${text}`)
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const abort = new AbortController()
  lines.once('close', () => abort.abort(new RowsmithError('interrupted', 'nothing was written')))
  try {
    for (;;) {
      const { signal } = abort
      const answer = (await lines.question('Number or name [1]: ', { signal })).trim()
      const name = answer === '' ? usualTemplate : (names[Number(answer) - 1]?.[0] ?? answer)
      if (name in templates) return known(name)
      screen.print(`There is no template ${visibleLine(name)}.`)
    }
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error
  } finally {
    lines.close()
  }
}

async function suitableStarter(folder: string): Promise<ReturnType<typeof chooseStarter>> {
  const found = await findPackage('node-llama-cpp', [folder, import.meta.dirname])
  return chooseStarter(process.env, { hasRuntime: 'path' in found })
}

async function refuseOverwriting(folder: string, names: readonly string[]): Promise<void> {
  const there: string[] = []
  for (const name of names) {
    const found = await lstat(join(folder, name)).catch((error: unknown) => {
      if (failedWith(error, 'ENOENT', 'ENOTDIR')) return null
      throw storageError(error, `looking for ${join(folder, name)}`)
    })
    if (found !== null) there.push(name)
  }
  if (there.length === 0) return
  throw new RowsmithError(
    'usage',
    `${folder} has ${there.join(', ')}, which would be overwritten; nothing was written`,
    { hints: ['Name an empty folder, as in "rowsmith init my-dataset".'] },
  )
}

async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    // A file that has appeared since is not overwritten either.
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    throw storageError(error, `writing ${path}`)
  }
}

function starterText({ name, because }: { name: StarterName; because: string }): string {
  const reason = because === '' ? '' : `, because ${because}`
  if (name === 'stand-in') {
    return `Answers come from lists in the config and from no model${reason}. README.md says how to ask a model.`
  }
  if (name === 'embedded') {
    return `The model runs in this process and is downloaded once (about 0.5 GB)${reason}.`
  }
  return `The model is ${starters[name].model} of ${name}${reason}.`
}

function nextCommands(template: TemplateName, starter: StarterName, folder: string): string[] {
  const change = folder === '.' ? [] : [`cd ${folder}`]
  const runtime = starter === 'embedded' ? ['npm install node-llama-cpp'] : []
  if (template === 'typescript') return [...change, 'npm install', ...runtime, 'npm start']
  const config = `${template}.yaml`
  return [
    ...change,
    ...runtime,
    commandText(['preview', config, '-n', '2']),
    commandText(['create', config, '-n', '100']),
  ]
}
