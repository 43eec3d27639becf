import { existsSync, mkdtempSync, rmSync } from 'node:fs'
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
import { isThorough, repetitions } from '../support/thorough.ts'

const rows = 120
/** Turns of a conversation: two answers that do not fit, then one that does. */
const turns = 3
const kills = repetitions({ all: 6, some: 3 })

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-corrections-'))
})
afterAll(() => rmSync(root, { recursive: true }))

type Mode = 'json_schema' | 'tool_call'
/** Corrections are the same in both; a forced tool call has another form on both ways. */
const modes: readonly Mode[] = isThorough ? ['json_schema', 'tool_call'] : ['tool_call']

function sessionOf(name: string, url: string, mode: Mode): Session {
  const form = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
  return {
    config: {
      // Which mode is found to be ignored first depends on who answers first, and traces tell it.
      ...modelsAt(url, 24, { output_mode: mode }),
      seed: 5,
      columns: [
        { name: 'row', column_type: 'row-number' },
        {
          name: 'value',
          column_type: 'llm-structured',
          model_alias: 'writer',
          prompt: 'value {{ row }}:',
          output_format: form,
          with_trace: 'all_messages',
        },
      ],
    },
    rows,
    out: join(root, name),
    runConfig: {
      buffer_size: 40,
      part_rows: 40,
      disable_early_shutdown: true,
      max_conversation_correction_steps: 2,
    },
    receipts: join(root, `${name}.receipts`),
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

test.each(modes)(
  'killed in the middle of corrections by %s, no answer that was written down is asked for again',
  async (mode) => {
    let asked: string[] = []
    let kill: { mark: number; callback: () => void } | null = null
    await using server = await createModelServer({
      script({ text }) {
        const { messages, tool_choice: forced } = JSON.parse(text) as {
          messages: { content: string }[]
          tool_choice?: { function: { name: string } }
        }
        const row = /^value (\d+):/.exec(messages[0]?.content ?? '')?.[1]
        const turn = (messages.length - 1) / 2
        asked.push(`${row}:${turn}`)
        if (kill !== null && asked.length >= kill.mark) {
          kill.callback()
          kill = null
        }
        const answer = turn < turns - 1 ? `{"m": ${turn}}` : `{"n": "${row}"}`
        if (forced === undefined) return { text: `So: ${answer}`, delayMs: 5 }
        const call = { id: 'c', function: { name: forced.function.name, arguments: answer } }
        return { message: { content: null, tool_calls: [call] }, delayMs: 5 }
      },
    })

    const plain = sessionOf(`unkilled ${mode}`, server.url, mode)
    expect(await startSession(plain).ended).toMatchObject({ by: 0, stderr: '' })
    expect(asked).toHaveLength(rows * turns)

    const session = sessionOf(`killed ${mode}`, server.url, mode)
    for (let number = 0; number <= kills; number += 1) {
      const before = durableTurns(session.out)
      asked = []
      const running = startSession(session)
      if (number < kills) {
        const mark = Math.ceil((rows * turns) / (kills + 1))
        kill = { mark, callback: () => running.process.kill('SIGKILL') }
      }
      const ended = await running.ended
      expect(ended).toMatchObject({ stderr: '' })
      while (server.counts.inFlight > 0) await setTimeout(20)
      expect(asked.filter((turn) => before.has(turn))).toEqual([])
      expect(asked.length).toBe(new Set(asked).size)
      if (ended.by === 0) break
    }
    expect(orphans(session.out)).toEqual([])
    expect(datasetHashes(session.out)).toEqual(datasetHashes(plain.out))
  },
  120_000,
)
