import { expect, test } from 'vitest'
import { noSessions } from '../run/earlier-sessions.ts'
import type { CheckedModel, ExportEvent, RunEvent } from '../run/run-event.ts'
import { createPhase } from './phase.ts'

const model: CheckedModel = {
  alias: 'writer',
  name: 'writer',
  model: 'big',
  provider: 'openai',
  endpoint: 'http://127.0.0.1:1/v1',
  timeoutMs: 60_000,
}

function checked(alias: string): RunEvent {
  const about = { alias, name: alias, provider: 'p', model: 'm' }
  const result = { ...about, outcome: 'ready', error: null } as const
  return { type: 'model-checked', result }
}

test('what a run does before its rows and after them', () => {
  const phase = createPhase('reading tales.json')
  const texts = [phase.text()]
  const events: RunEvent[] = [
    { type: 'seed-progress', phase: 'reading', path: '/data/big.csv', bytes: 5e8, totalBytes: 2e9 },
    {
      type: 'models-checking',
      models: [
        model,
        {
          ...model,
          alias: 'local',
          name: 'local',
          model: '/m/a.gguf',
          endpoint: 'x',
          provider: 'x',
        },
      ],
    },
    { type: 'tools-checking', servers: ['files', 'web'] },
    { type: 'tool-server-listed', server: 'web', tools: 3 },
    checked('writer'),
    checked('local'),
    { type: 'tool-server-listed', server: 'files', tools: 1 },
    { type: 'run-opening', dir: '/runs/tales' },
    { type: 'seed-progress', phase: 'copying', path: '/data/big.csv', bytes: 3, totalBytes: 2 },
    {
      type: 'run-opened',
      selection: null,
      dir: '/runs/tales',
      seed: 1n,
      rows: 3,
      decided: 0,
      resumed: false,
      before: noSessions,
      seedOf: null,
      asksModels: false,
      progressIntervalMs: 5_000,
    },
    { type: 'row-group-opened', part: 0, rows: 3, reason: 'idle' },
    { type: 'finishing' },
    { type: 'join-started', files: 3 },
    { type: 'join-file-written', file: 'train', rows: 1, bytes: 1 },
  ]
  for (const event of events) {
    phase.note(event)
    texts.push(phase.text())
  }
  expect(texts).toEqual([
    'reading tales.json',
    'reading the seed /data/big.csv: 500 MB of 2.00 GB (25 %)',
    'waiting for writer (big at http://127.0.0.1:1/v1), local to load a.gguf; an answer may take 1 m 0 s',
    'waiting for writer (big at http://127.0.0.1:1/v1), local to load a.gguf; an answer may take 1 m 0 s; waiting for the tools of files, web',
    'waiting for writer (big at http://127.0.0.1:1/v1), local to load a.gguf; an answer may take 1 m 0 s; waiting for the tools of files',
    'waiting for local to load a.gguf; waiting for the tools of files',
    'waiting for the tools of files',
    'opening the run',
    'opening /runs/tales',
    // More than there was said to be: a share would be a lie.
    'copying the seed /data/big.csv: 3 B',
    'reading the ledger',
    null,
    'finishing: reading the run folder',
    'assembling the dataset, files: 0 of 3',
    'assembling the dataset, files: 1 of 3',
  ])
})

test('what an export does', () => {
  const phase = createPhase('reading runs/tales')
  const events: ExportEvent[] = [
    { type: 'settling', parts: 2 },
    {
      type: 'part-committed',
      part: 0,
      rows: 9,
      outcomes: { accepted: 9, nullKept: 0, dropped: 0, rejected: 0 },
    },
    { type: 'export-progress', path: '/out/tales.jsonl', rows: 4_096, totalRows: 10_000 },
  ]
  const texts = events.map((event) => {
    phase.note(event)
    return phase.text()
  })
  expect(texts).toEqual([
    'writing rows of the interrupted run that are complete, parts: 0 of 2',
    'writing rows of the interrupted run that are complete, parts: 1 of 2',
    'writing tales.jsonl: 4,096 of 10,000 (40 %) rows',
  ])
})
