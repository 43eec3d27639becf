import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { create, open, start } from '../src/index.ts'
import { scriptedProvider } from '../src/testing/index.ts'

/** A folder no one can write into, as a backup or a mounted image is; null where this machine can't make one. */
function readOnly(folder: string): Disposable | null {
  if (process.getuid?.() !== 0) {
    const all = [
      folder,
      ...readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))),
    ]
    for (const path of all) chmodSync(path, 0o555)
    return { [Symbol.dispose]: () => all.forEach((path) => chmodSync(path, 0o755)) }
  }
  // Rights do not bind root; a mount does.
  try {
    execFileSync('mount', ['--bind', folder, folder], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'remount,bind,ro', folder], { stdio: 'ignore' })
  } catch {
    return null
  }
  return { [Symbol.dispose]: () => execFileSync('umount', [folder]) }
}

const config = {
  model_providers: [{ name: 'here', provider_type: 'scripted' }],
  model_configs: [{ alias: 'writer', provider: 'here', model: 'm' }],
  columns: [
    { name: 'pet', column_type: 'sampler', sampler_type: 'category', params: { values: ['cat'] } },
    { name: 'tale', column_type: 'llm-text', model_alias: 'writer', prompt: 'Of a {{ pet }}' },
  ],
}

test('a run in a folder that can not be written is read, and not worked on', async ({ skip }) => {
  const root = mkdtempSync(join(tmpdir(), 'rowsmith-read-only-'))
  try {
    const options = {
      config: { config },
      plugins: [{ name: 'here', providers: [scriptedProvider(() => 'Once.')] }],
      rows: 5,
      seed: 1n,
    }
    const out = join(root, 'whole')
    await create({ ...options, out })
    // Copied while it works: a part of the ledger is in its log, whose index is lost.
    await using run = await start({ ...options, out: join(root, 'working') })
    cpSync(run.directory, join(root, 'copy'), { recursive: true })
    rmSync(join(root, 'copy', 'ledger.sqlite-shm'))
    await run.finished

    using mount = readOnly(root)
    skip(mount === null, 'no right to make a folder read-only')
    await using dataset = await open(out)
    const record = { pet: 'cat', tale: 'Once.' }
    expect(await Array.fromAsync(dataset.records())).toEqual([
      record,
      record,
      record,
      record,
      record,
    ])
    expect(await dataset.summary()).toMatchObject({ rows: { accepted: 5, remaining: 0 } })
    expect((await dataset.report()).columns).toMatchObject([{ name: 'pet' }, { name: 'tale' }])
    expect([...dataset.failures()]).toEqual([])
    expect(await dataset.row(3)).toMatchObject({ row: 3, outcome: 'accepted' })
    const refused = {
      code: 'storage-failed',
      message: expect.stringContaining(`the run folder ${out} can't be written`),
      hints: [expect.stringContaining('copy the folder')],
    }
    await expect(dataset.export({ to: join(tmpdir(), 'never.jsonl') })).rejects.toMatchObject(
      refused,
    )
    await expect(create({ ...options, out, rows: 6 })).rejects.toMatchObject(refused)
    await expect(open(join(root, 'copy'))).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('still in its log'),
    })
  } finally {
    rmSync(root, { recursive: true })
  }
})
