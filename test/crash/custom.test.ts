import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import type { Session } from './child.ts'
import { modelsAt } from './model.ts'
import { startSession } from './process.ts'
import { datasetHashes, orphans } from './run-folder.ts'
import { repetitions } from '../support/thorough.ts'

const rows = 90
/** A draft, a critique, a step and the final text: three of them are asked for. */
const turns = 4
const kills = repetitions({ all: 6, some: 3 })

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-custom-'))
  writeFileSync(
    join(root, 'columns.ts'),
    `import { appendFileSync } from 'node:fs'

export const text = {
  requiredColumns: ['row'],
  modelAliases: ['writer'],
  sideEffectColumns: { critique: 'string', luck: 'float64' },
  async generate({ row }: { row: number }, context: any) {
    const draft = await context.ask('writer', row + ':0 draft')
    const luck = context.random()
    const critique = await context.ask('writer', row + ':1 critique of ' + draft)
    const length = await context.step('length', { critique, luck }, async () => {
      appendFileSync(context.params.receipts, row + ':2\\n')
      return critique.length
    })
    const final = await context.ask('writer', row + ':3 with ' + length + ' and ' + luck)
    return { text: final, critique, luck }
  },
}
`,
  )
})
afterAll(() => rmSync(root, { recursive: true }))

function sessionOf(name: string, url: string): Session {
  return {
    config: {
      ...modelsAt(url, 24),
      seed: 5,
      columns: [
        { name: 'row', column_type: 'row-number' },
        {
          name: 'text',
          column_type: 'custom',
          generator: `${join(root, 'columns.ts')}#text`,
          generator_params: { receipts: join(root, 'receipts') },
        },
      ],
    },
    rows,
    out: join(root, name),
    runConfig: { buffer_size: 30, part_rows: 30, disable_early_shutdown: true },
    receipts: join(root, 'receipts'),
  }
}

/** Turns that the run folder holds, as `row:turn`. */
function durableTurns(directory: string): Set<string> {
  if (!existsSync(join(directory, 'ledger.sqlite'))) return new Set()
  using database = new DatabaseSync(join(directory, 'ledger.sqlite'), { readOnly: true })
  const all = (sql: string): Record<string, unknown>[] => database.prepare(sql).all()
  const found = new Set(
    all('SELECT row, turn FROM exchange').map(({ row, turn }) => `${String(row)}:${String(turn)}`),
  )
  const made = all('SELECT DISTINCT row FROM cell').map(({ row }) => Number(row))
  for (const { start, end } of all('SELECT start, end FROM decided')) {
    for (let row = Number(start); row < Number(end); row += 1) made.push(row)
  }
  for (const row of made) for (let turn = 0; turn < turns; turn += 1) found.add(`${row}:${turn}`)
  return found
}

test('killed in the middle of a conversation, a function of a file asks for nothing twice', async () => {
  let asked: string[] = []
  let kill: { mark: number; callback: () => void } | null = null
  await using server = await createModelServer({
    answerWords: 5,
    script({ prompt }) {
      const turn = /^\d+:\d/.exec(prompt)?.[0]
      if (turn === undefined) return {}
      asked.push(turn)
      if (kill !== null && asked.length >= kill.mark) {
        kill.callback()
        kill = null
      }
      return { delayMs: 5 }
    },
  })

  const plain = sessionOf('unkilled', server.url)
  expect(await startSession(plain).ended).toMatchObject({ by: 0, stderr: '' })
  expect(asked).toHaveLength(rows * (turns - 1))

  const session = sessionOf('killed', server.url)
  let sessions = 0
  for (let number = 0; number <= kills; number += 1) {
    const before = durableTurns(session.out)
    asked = []
    writeFileSync(join(root, 'receipts'), '')
    const running = startSession(session)
    sessions += 1
    if (number < kills) {
      const mark = Math.ceil((rows * (turns - 1)) / (kills + 1))
      kill = { mark, callback: () => running.process.kill('SIGKILL') }
    }
    const ended = await running.ended
    expect(ended).toMatchObject({ stderr: '' })
    while (server.counts.inFlight > 0) await setTimeout(20)
    asked.push(...readFileSync(join(root, 'receipts'), 'utf8').split('\n').slice(0, -1))
    expect(asked.filter((turn) => before.has(turn))).toEqual([])
    expect(asked.length).toBe(new Set(asked).size)
    if (ended.by === 0) break
  }
  expect(sessions).toBeGreaterThan(kills / 2)
  expect(orphans(session.out)).toEqual([])
  expect(datasetHashes(session.out)).toEqual(datasetHashes(plain.out))
}, 120_000)
