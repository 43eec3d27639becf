import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, open, preview } from '../../src/index.ts'
import { createModelServer, type ServerAction } from '../../src/testing/model-server.ts'
import { createMcpServer } from '../support/mcp-http.ts'
import { modelsAt } from './model.ts'
import { startSession } from './process.ts'
import { repetitions } from '../support/thorough.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-tools-'))
})
afterAll(() => rmSync(root, { recursive: true }))

interface ChatBody {
  messages: { role: string; content: unknown }[]
  tools?: { function: { name: string } }[]
}

interface Call {
  name: string
  input: unknown
}

function calling(...calls: Call[]): ServerAction {
  const tool_calls = calls.map(({ name, input }, at) => ({
    id: `c${at}`,
    type: 'function',
    function: { name, arguments: typeof input === 'string' ? input : JSON.stringify(input) },
  }))
  return { message: { content: null, tool_calls }, finishReason: 'tool_calls' }
}

function resultsIn({ messages }: ChatBody): unknown[] {
  return messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
}

const program = fileURLToPath(new URL('../support/mcp-stdio.ts', import.meta.url))

interface ConfigOptions {
  url: string
  mcp: object
  column?: object
  tools?: object
}

function configOf({ url, mcp, column = {}, tools = {} }: ConfigOptions): object {
  return {
    ...modelsAt(url, 6),
    mcp_providers: [{ name: 'helper', ...mcp }],
    tool_configs: [{ tool_alias: 'sums', providers: ['helper'], ...tools }],
    columns: [
      {
        name: 'row',
        column_type: 'sampler',
        sampler_type: 'uuid',
        params: { short_form: true },
      },
      {
        name: 'sum',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'Sum of {{ row }}',
        tool_alias: 'sums',
        with_trace: 'all_messages',
        ...column,
      },
    ],
  }
}

test('tools over HTTP: calls of one turn together, their results to the model, all in the trace', async () => {
  await using mcp = await createMcpServer()
  const asked: ChatBody[] = []
  await using server = await createModelServer({
    script({ text }) {
      const body = JSON.parse(text) as ChatBody
      if (body.tools === undefined) return {}
      asked.push(body)
      const [first] = resultsIn(body)
      if (first !== undefined) return { text: `It is ${JSON.stringify(first)}.` }
      return calling({ name: 'add', input: { a: 1, b: 2 } }, { name: 'picture', input: {} })
    },
  })
  const { records } = await preview({
    config: {
      config: configOf({
        url: server.url,
        mcp: { provider_type: 'streamable_http', endpoint: mcp.url },
      }),
    },
    rows: 1,
  })
  expect(records[0]?.['sum']).toBe('It is "3".')
  expect(asked[0]?.tools?.map(({ function: { name } }) => name)).toEqual([
    'add',
    'fail',
    'hang',
    'picture',
    'crash',
  ])
  expect(resultsIn(asked[1] ?? { messages: [] })).toEqual([
    '3',
    [
      { type: 'text', text: 'Here:' },
      { type: 'image_url', image_url: { url: expect.stringMatching(/^data:image\/png;base64,/) } },
    ],
  ])
  const call = (id: string, name: string, written: string): object => ({
    id,
    type: 'function',
    function: { name, arguments: written },
  })
  expect(records[0]?.['sum__trace']).toEqual([
    { role: 'user', content: [{ type: 'text', text: expect.stringMatching(/^Sum of /) }] },
    {
      role: 'assistant',
      content: [],
      tool_calls: [call('c0', 'add', '{"a":1,"b":2}'), call('c1', 'picture', '{}')],
    },
    { role: 'tool', content: [{ type: 'text', text: '3' }], tool_call_id: 'c0' },
    {
      role: 'tool',
      content: [
        { type: 'text', text: 'Here:' },
        { type: 'media', mime: 'image/png' },
      ],
      tool_call_id: 'c1',
    },
    { role: 'assistant', content: [{ type: 'text', text: 'It is "3".' }] },
  ])
})

test('calls beyond the turns are refused, and a model that continues calling fails its cell', async () => {
  await using mcp = await createMcpServer()
  const results: unknown[][] = []
  let stubborn = false
  await using server = await createModelServer({
    script({ text }) {
      const body = JSON.parse(text) as ChatBody
      if (body.tools === undefined) return {}
      const given = resultsIn(body)
      results.push(given)
      return given.length === 4 && !stubborn
        ? { text: 'enough' }
        : calling({ name: 'add', input: { a: given.length, b: 0 } })
    },
  })
  const mcpAt = { provider_type: 'streamable_http', endpoint: mcp.url }
  const config = configOf({ url: server.url, mcp: mcpAt, tools: { max_tool_call_turns: 2 } })
  const { records } = await preview({ config: { config }, rows: 1 })
  expect(records[0]?.['sum']).toBe('enough')
  expect(results.at(-1)).toEqual([
    '0',
    '1',
    expect.stringContaining('limit of 2 turns'),
    expect.stringContaining('limit of 2 turns'),
  ])
  expect(mcp.log.filter((line) => line.startsWith('call'))).toHaveLength(2)

  stubborn = true
  const { failures } = await preview({ config: { config }, rows: 1 })
  expect(failures).toMatchObject([{ name: 'sum', code: 'tool-turns' }])
})

test('a structured answer that is wrong is corrected behind what tools answered', async () => {
  await using mcp = await createMcpServer()
  const asked: ChatBody[] = []
  await using server = await createModelServer({
    script({ text }) {
      const body = JSON.parse(text) as ChatBody
      if (body.tools === undefined) return {}
      asked.push(body)
      if (resultsIn(body).length === 0) return calling({ name: 'add', input: { a: 1, b: 2 } })
      return { text: asked.length < 4 ? 'no idea' : '{"sum": 3}' }
    },
  })
  const { records } = await preview({
    config: {
      config: configOf({
        url: server.url,
        mcp: { provider_type: 'sse', endpoint: mcp.sseUrl },
        column: {
          column_type: 'llm-structured',
          output_format: {
            type: 'object',
            properties: { sum: { type: 'integer' } },
            required: ['sum'],
          },
        },
      }),
    },
    rows: 1,
    runConfig: { max_conversation_correction_steps: 1, max_conversation_restarts: 1 },
  })
  expect(records[0]?.['sum']).toEqual({ sum: 3 })
  // A call, an answer, a correction, and a new beginning that keeps what the tool answered.
  expect(asked.map(({ messages }) => messages.length)).toEqual([1, 3, 5, 3])
  expect(mcp.log.filter((line) => line.startsWith('call'))).toHaveLength(1)
})

test('nothing is generated while the tools are not there', async () => {
  await using server = await createModelServer()
  const out = join(root, 'refused')
  const config = configOf({
    url: server.url,
    mcp: { provider_type: 'stdio', command: process.execPath, args: [program] },
    tools: { allow_tools: ['add', 'substract'] },
  })
  await expect(create({ config: { config }, rows: 1, out })).rejects.toMatchObject({
    code: 'tools-unavailable',
    message: expect.stringContaining('allow_tools names substract'),
  })
  expect(existsSync(out)).toBe(false)
})

const rows = 60
const kills = repetitions({ all: 6, some: 3 })

test('killed in the middle of tool loops, no call and no request is repeated but those in flight', async () => {
  const log = join(root, 'mcp.log')
  const seen: string[] = []
  let mark: { at: number; kill: () => void } | null = null
  await using server = await createModelServer({
    latencyMs: 5,
    script({ text, prompt }) {
      const body = JSON.parse(text) as ChatBody
      if (body.tools === undefined) return {}
      const turn = resultsIn(body).length
      seen.push(`${prompt} ${turn}`)
      if (mark !== null && seen.length >= mark.at) {
        mark.kill()
        mark = null
      }
      const id = Number.parseInt(prompt.slice(7), 16)
      return turn < 3 ? calling({ name: 'add', input: { a: id, b: turn } }) : { text: 'done' }
    },
  })
  const session = {
    config: configOf({
      url: server.url,
      mcp: {
        provider_type: 'stdio',
        command: process.execPath,
        args: [program],
        env: { MCP_LOG: log },
      },
    }),
    rows,
    out: join(root, 'killed'),
    runConfig: { buffer_size: 20, part_rows: 20 },
    receipts: join(root, 'receipts'),
  }
  let repeated = 0
  for (let kill = 0; kill <= kills; kill += 1) {
    const before = exchangesIn(session.out)
    const requests = seen.length
    const calls = callsIn(log).length
    const running = startSession(session)
    if (kill < kills) {
      mark = { at: seen.length + rows / 2, kill: () => running.process.kill('SIGKILL') }
    }
    const ended = await running.ended
    expect(ended).toMatchObject({ stderr: '' })
    const durable = exchangesIn(session.out)
    const made = seen.length - requests + callsIn(log).length - calls
    // Cells that were made took their exchanges with them.
    if (ended.by !== 0) repeated += Math.max(0, made - (durable.total - before.total))
  }
  const distinct = new Set(seen)
  expect(distinct.size).toBe(rows * 4)
  expect(new Set(callsIn(log)).size).toBe(rows * 3)
  console.log(
    `tools: ${seen.length} requests for ${rows * 4}, ${callsIn(log).length} calls for ${rows * 3}, at most ${repeated} lost at ${kills} kills`,
  )
  // What is in flight, or answered and not written down yet.
  expect(repeated).toBeLessThan(kills * 18)
  expect(seen.length + callsIn(log).length - rows * 7).toBeLessThanOrEqual(repeated)
  await using dataset = await open(session.out)
  const summary = await dataset.summary()
  expect(summary.rows).toMatchObject({ accepted: rows })
  // What a killed session did not write down is not counted; nothing is counted twice.
  const writer = summary.usageByRoute.find(({ route }) => route === 'writer')
  const helper = summary.usageByRoute.find(({ route }) => route === 'tools:helper')
  const lost = (kills * 18) / 2
  expect(writer?.toolTurns).toBe(writer?.toolCalls)
  expect(writer?.toolCalls).toBeGreaterThanOrEqual(rows * 3 - lost)
  expect(writer?.toolCalls).toBeLessThanOrEqual(seen.length - rows)
  expect(helper?.ok).toBeGreaterThanOrEqual(rows * 3 - lost)
  expect(helper?.ok).toBeLessThanOrEqual(callsIn(log).length)
}, 120_000)

function callsIn(log: string): string[] {
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('call'))
}

/** Exchanges the folder holds, or held of cells that were made: seven each. */
function exchangesIn(directory: string): { total: number } {
  if (!existsSync(join(directory, 'ledger.sqlite'))) return { total: 0 }
  using database = new DatabaseSync(join(directory, 'ledger.sqlite'), { readOnly: true })
  const all = (sql: string): Record<string, unknown>[] => database.prepare(sql).all()
  const made = new Set(
    all("SELECT row FROM cell JOIN column_key ON id = column_key WHERE name = 'sum'").map(
      ({ row }) => Number(row),
    ),
  )
  for (const { start, end } of all('SELECT start, end FROM decided')) {
    for (let row = Number(start); row < Number(end); row += 1) made.add(row)
  }
  const loose = all('SELECT row FROM exchange').filter(({ row }) => !made.has(Number(row)))
  return { total: loose.length + made.size * 7 }
}
