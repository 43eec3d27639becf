import { execFile } from 'node:child_process'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createDesk } from '../e2e/command.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/**
 * Adds a sampler to a copy of the source as CONTRIBUTING.md says: the file, an import and a line in
 * the table. It has to pass the compiler, and the command line has to draw from it.
 */
export async function tryNewSampler(path: string, text: string): Promise<void> {
  await using desk = await createDesk()
  await cp(join(repository, 'src'), desk.path('src'), { recursive: true })
  for (const name of ['package.json', 'tsconfig.json']) {
    await cp(join(repository, name), desk.path(name))
  }
  await symlink(join(repository, 'node_modules'), desk.path('node_modules'))
  await desk.write(path, `${text}\n`)
  const name = basename(path, '.ts')
  const table = await readFile(desk.path('src/samplers/index.ts'), 'utf8')
  await writeFile(
    desk.path('src/samplers/index.ts'),
    `import { ${name} } from './${name}.ts'\n${table.replace('samplers = {', `samplers = {\n  ${name},`)}`,
  )
  await desk.write('check.json', { extends: './tsconfig.json', include: [path] })
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [compiler, '-p', desk.path('check.json')]).catch(
    ({ stdout }: { stdout: string }) => {
      throw new Error(`the compiler refuses it:\n${stdout}`)
    },
  )
  await desk.write('draws.json', {
    columns: [
      { name: 'drawn', column_type: 'sampler', sampler_type: name, params: { n: 10, p: 0.5 } },
    ],
  })
  const { stdout } = await run(
    process.execPath,
    ['src/cli/main.ts', 'preview', 'draws.json', '-n', '200', '--json'],
    { cwd: desk.directory },
  )
  const drawn = (JSON.parse(stdout) as { drawn: number }[]).map((record) => record.drawn)
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
  const inRange = drawn.every((value) => Number.isInteger(value) && value >= 0 && value <= 10)
  if (!inRange || mean < 4 || mean > 6) throw new Error(`it draws ${drawn.join(', ')}`)
}
