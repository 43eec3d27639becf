import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { baseEnvironment, createDesk, type Desk, program } from './command.ts'
import { pets } from './configs.ts'

/** Writing to it fails as on a full disk. */
const full = '/dev/full'

/** Runs a command in a shell, which opens the files. */
function shell(desk: Desk, words: string): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `'${process.execPath}' '${program}' ${words}`],
    { cwd: desk.directory, env: baseEnvironment(desk.directory), encoding: 'utf8' },
  )
  return { code: status, stdout, stderr }
}

const noSpace = /^rowsmith: stdout can't be written: ENOSPC: .*\n$/

describe.skipIf(!existsSync(full))('a disk that is full', () => {
  test('behind stderr does not end a run', async () => {
    await using desk = await createDesk()
    await desk.write('pets.json', { ...pets, rows: 40 })
    const { code, stdout } = shell(desk, `create pets.json --json 2>${full}`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ rows: { accepted: 40, remaining: 0 } })
    expect(shell(desk, `create missing.json 2>${full}`).code).toBe(2)
  })

  test('behind stdout is reported at the end, in one line', async () => {
    await using desk = await createDesk()
    await desk.write('pets.json', { ...pets, rows: 40 })
    const made = shell(desk, `create pets.json --json >${full}`)
    expect(made.code).toBe(1)
    expect(made.stderr).toContain('Done. 40 rows: 40 accepted.')
    expect(made.stderr.slice(made.stderr.indexOf('rowsmith: '))).toMatch(noSpace)

    for (const words of ['show runs/pets', 'show runs/pets --json', 'schema', '--help', '-V']) {
      const { code, stderr } = shell(desk, `${words} >${full}`)
      expect({ words, code, stderr }).toEqual({
        words,
        code: 1,
        stderr: expect.stringMatching(noSpace),
      })
    }
    expect(shell(desk, `show runs/pets >${full} 2>${full}`).code).toBe(1)
  })
})
