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
  const runtime = await hasRuntime(folder)
  const choice =
    model === undefined
      ? chooseStarter(process.env, { hasRuntime: runtime })
      : { name: model, because: '' }
  const files = await templateFiles(template)
  await refuseOverwriting(folder, [...files.keys()])
  for (const [name, text] of files) {
    const isConfig = name === `${template}.yaml`
    await write(join(folder, name), isConfig ? withStarter(text, choice.name) : text)
  }
  const here = relative(process.cwd(), folder) || '.'
  const where = here === '.' ? '' : ` into ${visibleLine(here)}`
  screen.print(`Wrote ${[...files.keys()].join(', ')}${where}.`)
  screen.print(starterText(choice))
  screen.print('Next:')
  const first = [
    ...(here === '.' ? [] : [`cd ${here}`]),
    ...preparation(choice.name, { hasRuntime: runtime }),
  ]
  for (const line of [...first, ...runCommands(template)]) screen.print(`  ${line}`)
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

async function hasRuntime(folder: string): Promise<boolean> {
  return 'path' in (await findPackage('node-llama-cpp', [folder, import.meta.dirname]))
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
    return `Answers come from lists in the config, not from a model${reason}. README.md explains how to use a model.`
  }
  if (name === 'embedded') {
    return `The model runs in this process and is downloaded once (about 0.5 GB)${reason}.`
  }
  return `The model is ${starters[name].model} of ${name}${reason}.`
}

/** What the models of a new config need first. */
function preparation(
  starter: StarterName,
  { hasRuntime: isInstalled }: { hasRuntime: boolean },
): string[] {
  if (starter === 'embedded') return isInstalled ? [] : ['npm install node-llama-cpp']
  const { key } = starters[starter]
  return key === null || (process.env[key] ?? '') !== '' ? [] : [`export ${key}=…`]
}

function runCommands(template: TemplateName): string[] {
  if (template === 'typescript') return ['npm install', 'npm start']
  const config = `${template}.yaml`
  return [commandText(['preview', config, '-n', '2']), commandText(['create', config, '-n', '100'])]
}
