import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { refusalOf, unsafeFilesystem } from '../../src/store/filesystem.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import type { Desk } from '../e2e/command.ts'
import { type Case, pets, type Setting, tales } from './case.ts'

/** A plugin with a separate format. */
const letters = `
const format = {
  name: 'letters',
  endings: ['.txt'],
  header: () => null,
  line: (record) => [...record.values()].join(' '),
}
export default { name: 'letters', version: '1.0.0', exporters: [format] }
`

/** A run with a bit of its only part changed. */
async function damagedPets(desk: Desk, run: Setting['run']): Promise<void> {
  await desk.write('pets.json', pets)
  await run('create pets.json -n 4', 0)
  const path = desk.path('runs/pets/parts/part-00000000.s1-1.parquet')
  const bytes = await readFile(path)
  bytes[50] = (bytes[50] ?? 0) ^ 1
  await writeFile(path, bytes)
}

/** Run folders that refuse, and disks. */
export const folderCases = {
  locked: async ({ desk, run }) => {
    await using server = await createModelServer({ latencyMs: 20 })
    await desk.write('tales.json', tales({ url: server.url }))
    const first = desk.start(['create', 'tales.json', '-n', '5000'])
    await first.said('New run')
    const { stderr } = await run('create tales.json -n 5000', 2)
    first.child.kill('SIGKILL')
    await first.ended
    return stderr.replaceAll(String(first.child.pid), '4711')
  },
  'changed-config': async ({ desk, run }) => {
    await desk.write('pets.json', pets)
    await run('create pets.json -n 4', 0)
    await desk.write('pets.json', JSON.stringify(pets).replace('frog', 'toad'))
    return (await run('create pets.json -n 8', 2)).stderr
  },
  'changed-data': async ({ desk, run }) => {
    const config = {
      seed_config: { source: { seed_type: 'local', path: 'cities.csv' } },
      columns: [{ name: 'line', column_type: 'expression', expr: '{{ city }}' }],
    }
    await desk.write('cities.csv', 'city\nRome\n')
    await desk.write('cities.json', config)
    await run('create cities.json -n 4', 0)
    await desk.write('cities.csv', 'city\nOslo\n')
    return (await run('create cities.json -n 8', 2)).stderr
  },
  'changed-seed': async ({ desk, run }) => {
    await desk.write('pets.json', pets)
    await run('create pets.json -n 4 --seed 1', 0)
    return (await run('create pets.json -n 4 --seed 2', 2)).stderr
  },
  'plugin-missing': async ({ desk, run }) => {
    await desk.write('letters.mjs', letters)
    await desk.write('pets.json', { ...pets, plugins: ['./letters.mjs'] })
    await run('create pets.json -n 4', 0)
    await rm(desk.path('letters.mjs'))
    const { stderr } = await run('export runs/pets --to pets.txt', 2)
    return stderr.replaceAll(desk.directory, '…')
  },
  smaller: async ({ desk, run }) => {
    await desk.write('pets.json', pets)
    await run('create pets.json -n 8', 0)
    return (await run('create pets.json -n 4', 2)).stderr
  },
  'not-a-run': async ({ desk, run }) => {
    await desk.write('pets.json', pets)
    await run('create pets.json -n 8', 0)
    return (await run('show runs/pet', 2)).stderr
  },
  'not-empty': async ({ desk, run }) => {
    await desk.write('pets.json', pets)
    await mkdir(desk.path('data'))
    await desk.write('data/letters.txt', '')
    return (await run('create pets.json --out data', 2)).stderr
  },
  'damaged-part': async ({ desk, run }) => {
    await damagedPets(desk, run)
    return (await run('export runs/pets --to pets.jsonl', 2)).stderr
  },
  repaired: async ({ desk, run }) => {
    await damagedPets(desk, run)
    const { stderr } = await run('create pets.json -n 4 --repair', 0)
    return stderr.split('\n').find((line) => line.includes('damaged')) ?? null
  },
  'network-disk': () =>
    Promise.resolve(
      `rowsmith: ${refusalOf('/mnt/team/runs', unsafeFilesystem(0x6969n) ?? '').message}`,
    ),
  'disk-full': async ({ desk, run }) => {
    const folder = desk.path('disk')
    await mkdir(folder)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      // A disk that fills up for real needs the right to mount one.
      return null
    }
    try {
      await using server = await createModelServer({ answerWords: 400 })
      await desk.write('tales.json', tales({ url: server.url }))
      const { stderr } = await run('create tales.json -n 5000 --out disk/tales', 4)
      return stderr
    } finally {
      execFileSync('umount', [folder])
    }
  },
} satisfies Record<string, Case>
