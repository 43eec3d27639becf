import { readdir } from 'node:fs/promises'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'
import { tales } from './case.ts'

/** What differs between the names a page gives and those in the folder of a run; null if nothing. */
export async function runFolderDifference(shown: string): Promise<string | null> {
  const named = new Set(
    shown
      .split('\n')
      .flatMap((line) => line.split(/ {2,}/))
      .filter((word) => /^\S+$/.test(word))
      .map(withoutNumbers),
  )
  const there = new Set((await namesInRunFolder()).map(withoutNumbers))
  const missing = [...there].filter((name) => !named.has(name))
  const invented = [...named].filter((name) => !there.has(name))
  if (missing.length + invented.length === 0) return null
  return `not on the page: ${missing.join(', ') || 'nothing'}; not in the folder: ${invented.join(', ') || 'nothing'}`
}

function withoutNumbers(name: string): string {
  return name.replaceAll(/\d+/g, '#')
}

/** Every file that is there while a run works and after it. */
async function namesInRunFolder(): Promise<string[]> {
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 10 })
  await desk.write('cities.csv', 'city\nRome\n')
  await desk.write('tales.json', {
    seed_config: { source: { seed_type: 'local', path: 'cities.csv' } },
    ...tales({ url: server.url }),
    processors: [{ name: 'chat', processor_type: 'schema_transform', template: { n: 1 } }],
  })
  const running = desk.start(['create', 'tales.json', '-n', '40', '--out', 'run'])
  await running.said('New run')
  const names = await filesBelow(desk.path('run'))
  const { code, stderr } = await running.ended
  if (code !== 0) throw new Error(stderr)
  names.push(...(await filesBelow(desk.path('run'))))
  // The database's own, named in words.
  return names.filter((name) => !/-(?:wal|shm|journal)$/.test(name))
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
}
