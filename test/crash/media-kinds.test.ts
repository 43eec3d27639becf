import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import {
  createModelServer,
  type ServerAction,
  type ServerCall,
} from '../../src/testing/model-server.ts'
import type { Session } from './child.ts'
import { testKinds } from './kinds.ts'
import { startSession } from './process.ts'
import { type CellName, datasetHashes, orphans, readDurable } from './run-folder.ts'
import { repetitions } from '../support/thorough.ts'

const rows = 240
const kills = repetitions({ all: 3, some: 2 })

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-media-kinds-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function pictureOf(text: string): Buffer {
  const head = Buffer.from('89504e470d0a1a0a', 'hex')
  return Buffer.concat([head, createHash('sha256').update(text).digest()])
}

interface Described {
  columns: object[]
  type: string
  rows?: number
  agreement?: object[]
}

function sessionOf(
  name: string,
  url: string,
  { columns, type, rows: own = rows, agreement = [] }: Described,
): Session {
  return {
    config: {
      seed: 5,
      model_providers: [{ name: 'local', endpoint: url }],
      model_configs: [
        {
          alias: 'maker',
          model: type === 'image' ? 'gpt-image-1' : 'test',
          provider: 'local',
          skip_health_check: true,
          inference_parameters: { generation_type: type, max_parallel_requests: 4 },
        },
        {
          alias: 'eyes',
          model: 'test',
          provider: 'local',
          skip_health_check: true,
          inference_parameters: { max_parallel_requests: 4 },
        },
      ],
      agreement,
      columns: [{ name: 'row', column_type: 'row-number' }, ...columns],
    },
    rows: own,
    out: join(root, name),
    runConfig: { buffer_size: own / 4, part_rows: own / 2, disable_early_shutdown: true },
    receipts: join(root, `${name}.receipts`),
  }
}

/** Runs a config to its end once without kills and once over several; the cells are what is asked for. */
async function expectNothingPaidTwice(
  name: string,
  {
    cellsOf,
    answer,
    ...config
  }: Described & {
    cellsOf: (call: ServerCall) => CellName[]
    answer?: (call: ServerCall) => ServerAction
  },
): Promise<{ plain: Session; session: Session }> {
  let asked: CellName[] = []
  let kill: { mark: number; callback: () => void } | null = null
  await using server = await createModelServer({
    script(call) {
      asked.push(...cellsOf(call))
      if (kill !== null && asked.length >= kill.mark) {
        kill.callback()
        kill = null
      }
      return { delayMs: 5, ...answer?.(call) }
    },
  })
  const plain = sessionOf(`${name}-unkilled`, server.url, config)
  expect(await startSession(plain).ended).toMatchObject({ by: 0, stderr: '' })
  const all = asked.length

  const session = sessionOf(`${name}-killed`, server.url, config)
  for (let number = 0; number <= kills; number += 1) {
    const before = existsSync(join(session.out, 'ledger.sqlite'))
      ? readDurable(session.out).cells
      : new Set<CellName>()
    asked = []
    const running = startSession(session)
    if (number < kills) {
      kill = { mark: Math.ceil(all / (kills + 2)), callback: () => running.process.kill('SIGKILL') }
    }
    const ended = await running.ended
    kill = null
    expect(ended).toMatchObject({ stderr: '' })
    while (server.counts.inFlight > 0) await setTimeout(20)
    expect(asked.filter((cell) => before.has(cell))).toEqual([])
    if (ended.by === 0) break
  }
  expect(orphans(session.out)).toEqual([])
  expect(datasetHashes(session.out)).toEqual(datasetHashes(plain.out))
  return { plain, session }
}

test('killed among batches of embeddings, no vector that was written down is asked for again', async () => {
  const { session } = await expectNothingPaidTwice('vectors', {
    type: 'embedding',
    columns: [
      { name: 'word', column_type: 'expression', expr: 'near {{ row }}' },
      {
        name: 'near',
        column_type: 'embedding',
        target_column: 'word',
        model_alias: 'maker',
        batch_size: 8,
      },
    ],
    cellsOf: ({ prompt }) => prompt.split('\n') as CellName[],
  })
  expect(readDurable(session.out).accepted.size).toBe(rows)
}, 120_000)

test('killed among images, files and rows agree, and none is asked for again', async () => {
  const {
    session: { out },
  } = await expectNothingPaidTwice('pictures', {
    type: 'image',
    columns: [
      { name: 'picture', column_type: 'image', model_alias: 'maker', prompt: 'picture {{ row }}' },
    ],
    cellsOf: ({ prompt }) => [prompt as CellName],
    answer: ({ prompt }) => ({
      body: JSON.stringify({ data: [{ b64_json: pictureOf(prompt).toString('base64') }] }),
    }),
  })
  await using dataset = await open(out, { plugins: [{ name: 'test', columns: testKinds('') }] })
  const named: string[] = []
  for await (const { row, picture } of dataset.records()) {
    const [path = ''] = picture as string[]
    named.push(path)
    expect(readFileSync(join(out, path))).toEqual(pictureOf(`picture ${String(row)}`))
  }
  expect(named).toHaveLength(rows)
  const files = readdirSync(join(out, 'media'), { recursive: true, withFileTypes: true })
  expect(files.filter((file) => file.isFile())).toHaveLength(rows)
}, 120_000)

test('killed among images at addresses, what is said of them and judged, all agrees', async () => {
  const few = 48
  let downloads = 0
  const host = createServer((request, response) => {
    downloads += 1
    response.writeHead(200).end(pictureOf(decodeURIComponent(request.url ?? '')))
  })
  await new Promise<void>((resolve) => {
    host.listen(0, '127.0.0.1', resolve)
  })
  // A server that listens on a port has an address with a port.
  const { port } = host.address() as AddressInfo
  const judge = (name: string): object => ({
    name,
    column_type: 'llm-judge',
    model_alias: 'eyes',
    prompt: `${name} {{ row }}`,
    multi_modal_context: [{ modality: 'image', column_name: 'picture' }],
    scores: [{ name: 'Fit', description: '', options: { 1: 'no', 2: 'so', 3: 'yes' } }],
  })
  const firstLine = (prompt: string): string => prompt.split('\n', 1)[0] ?? ''
  const { plain, session } = await expectNothingPaidTwice('looks', {
    type: 'image',
    rows: few,
    agreement: [{ columns: ['strict', 'mild'] }],
    columns: [
      { name: 'picture', column_type: 'image', model_alias: 'maker', prompt: 'picture {{ row }}' },
      {
        name: 'caption',
        column_type: 'llm-text',
        model_alias: 'eyes',
        prompt: 'caption {{ row }}',
        multi_modal_context: [{ modality: 'image', column_name: 'picture' }],
      },
      judge('strict'),
      judge('mild'),
    ],
    cellsOf: ({ prompt }) => [firstLine(prompt) as CellName],
    answer({ prompt, path }) {
      const line = firstLine(prompt)
      if (path.endsWith('generations')) {
        const url = `http://127.0.0.1:${port}/${encodeURIComponent(line)}`
        return { body: JSON.stringify({ data: [{ url }] }) }
      }
      const [name = '', row = '0'] = line.split(' ')
      const score = String(1 + ((Number(row) * (name === 'mild' ? 4 : 7)) % 3))
      return name === 'caption' ? {} : { text: JSON.stringify({ Fit: { reasoning: '', score } }) }
    },
  })
  host.close()
  // What a kill cut short is downloaded again, and nothing else.
  expect(downloads).toBeLessThanOrEqual(2 * few + kills * 8)
  const kinds = { plugins: [{ name: 'test', columns: testKinds('') }] }
  await using whole = await open(plain.out, kinds)
  await using killed = await open(session.out, kinds)
  const [expected, got] = [await whole.report(), await killed.report()]
  expect(got.agreement).toEqual(expected.agreement)
  expect(got.agreement[0]).toMatchObject({ units: few, reason: null })
  expect(got.judges).toEqual(expected.judges)
  const files = readdirSync(join(session.out, 'media'), { recursive: true, withFileTypes: true })
  expect(files.filter((file) => file.isFile())).toHaveLength(few)
}, 120_000)
