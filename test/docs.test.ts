import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { blocksOf } from './docs/blocks.ts'
import { caseNames } from './docs/cases.ts'
import { coveredByCI, notRun } from './docs/covered-by-ci.ts'
import { executePage } from './docs/page.ts'
import { executedPages, pages } from './docs/pages.ts'
import { linkLibrary } from './docs/shell.ts'
import { createDesk } from './e2e/command.ts'

/*
 * Every fenced block of README.md, CONTRIBUTING.md, docs/*.md and docs/how-to/*.md is executed, page
 * by page, each page in a separate folder. A block no one knows how to execute fails the test. To add one,
 * choose how it is executed by the words behind its fence:
 *
 *   ```yaml                  a whole config: must be sound, and three rows of it must come out.
 *                            A first line `# dice.yaml` names its file for the blocks that follow
 *   ```yaml into=dice.yaml   a fragment: its columns are added to that config, other keys replaced
 *   ```yaml with=p.yaml      a whole config, with that provider file
 *   ```yaml invalid          a config with mistakes in it
 *   ```yaml run-config       a run config; ```yaml providers: a provider file
 *   ```csv file=a.csv        a file for the blocks that follow; jsonl, json and js too
 *   ```sh                    commands, run by bash; `rowsmith` and `npm run -s rowsmith --` are the
 *                            real command line. exit=3: the exit code. interrupt=40, kill=40: Ctrl-C
 *                            and kill -9 after so many requests. server=NAME: docs/server.ts
 *   ```ts                    a program: checked by the compiler, then run. A first line `// columns.ts`
 *                            names its file for the blocks that follow; file=src/…: a file that
 *                            is added to a copy of this repository's source
 *   ```text, ```json         what the block before printed. … stands for what varies, in a line or
 *                            for whole lines; in JSON "…" for any value
 *   ```text case=NAME        what is printed when that goes wrong: docs/cases.ts
 *   ```text run-folder       the names in a run folder
 *
 * Every endpoint written in a page is answered by a model server of the test, and the variables of
 * keys are set. Commands that are not run here are listed in docs/covered-by-ci.ts.
 */

const repository = fileURLToPath(new URL('..', import.meta.url))
const texts = new Map(pages.map((page) => [page, readFileSync(join(repository, page), 'utf8')]))
const blocks = executedPages.flatMap((page) => blocksOf(page, texts.get(page) ?? ''))

describe.concurrent('every block works', () => {
  for (const page of executedPages) {
    const own = blocks.filter((block) => block.page === page)
    if (own.length === 0) continue
    test(`${page}: ${own.length} blocks`, { timeout: 300_000 }, async () => {
      await using desk = await createDesk()
      await expect(executePage(own, desk)).resolves.toBe(own.length)
    })
  }

  test('every program has sound types', { timeout: 120_000 }, async () => {
    await using desk = await createDesk()
    await linkLibrary(desk.directory)
    const programs = blocks.filter((block) => block.language === 'ts' && !block.options.has('file'))
    for (const { page, line, text } of programs) {
      const path = desk.path(`${page.replaceAll(/\W+/g, '-')}-${line}.ts`)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    }
    await desk.write('package.json', { type: 'module' })
    await desk.write('tsconfig.json', {
      extends: join(repository, 'tsconfig.json'),
      compilerOptions: { allowImportingTsExtensions: true },
      include: ['*.ts'],
    })
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    const said = await promisify(execFile)(process.execPath, [compiler, '-p', desk.directory]).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    )
    expect(said).toBe('')
    expect(programs.length).toBeGreaterThan(1)
  })
})

test('every case of trouble is on a page', () => {
  const shown = blocks.flatMap(({ options }) => options.get('case') ?? [])
  expect(shown.toSorted()).toEqual(caseNames.toSorted())
})

test('commands that are not run here are run by CI, or can be', () => {
  const steps = readFileSync(join(repository, '.ci/run'), 'utf8')
  for (const command of coveredByCI) expect(steps).toMatch(new RegExp(`^step ${command}\\b`, 'm'))
  const text = readFileSync(join(repository, 'package.json'), 'utf8')
  const { scripts, peerDependencies } = JSON.parse(text) as {
    scripts: Record<string, string>
    peerDependencies: Record<string, string>
  }
  const canBeRun = (command: string): boolean => {
    const [, installed] = /^npm install (\S+)$/.exec(command) ?? []
    if (installed !== undefined) return installed in peerDependencies
    const [, script] = /npm (?:run )?([\w:]+)/.exec(command) ?? []
    return script === undefined ? existsSync(join(repository, command)) : script in scripts
  }
  expect(notRun.filter((command) => !canBeRun(command))).toEqual([])
})

test('every link inside the repository leads somewhere', () => {
  const broken = pages.flatMap((page) => {
    const prose = (texts.get(page) ?? '').replaceAll(/^```[^]*?^```/gm, '')
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target) && !leadsSomewhere(page, target))
      .map((target) => `${page}: ${target}`)
  })
  expect(broken).toEqual([])
})

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(repository, file))) return false
  if (anchor === undefined) return true
  const used = new Map<string, number>()
  return [...(texts.get(file) ?? '').matchAll(/^#+ (.*)$/gm)].some(([, heading = '']) => {
    const own = anchorOf(heading)
    const before = used.get(own) ?? 0
    used.set(own, before + 1)
    return (before === 0 ? own : `${own}-${before}`) === anchor
  })
}

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')
}
