import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { preview } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'
import { createMcpServer } from '../support/mcp-http.ts'

// Configs with tools that are used with the ancestor: whole files, against servers of ours.

const folder = fileURLToPath(new URL('ancestor/field/', import.meta.url))

interface ChatBody {
  messages: { role: string; content: unknown; tool_calls?: unknown[] }[]
  tools?: { function: { name: string; parameters: unknown } }[]
}

const text = { type: 'object', properties: { query: { type: 'string' } } }
const tools = {
  'basic_mcp.yaml': ['get_fact', 'add_numbers', 'list_topics', 'not_allowed'],
  'pdf_qa.yaml': ['list_docs', 'search_docs', 'not_allowed'],
} as const

async function run(name: keyof typeof tools): Promise<{
  records: readonly Record<string, unknown>[]
  asked: ChatBody[]
  called: string[]
}> {
  await using desk = await createDesk()
  await using mcp = await createMcpServer({
    tools: tools[name].map((tool) => ({ name: tool, inputSchema: text })),
  })
  const asked: ChatBody[] = []
  await using server = await createModelServer({
    script({ text: sent }) {
      const body = JSON.parse(sent) as ChatBody
      if (body.tools === undefined) return {}
      asked.push(body)
      if (body.messages.at(-1)?.role === 'tool') {
        const fields = { question: 'Q', answer: 'A', supporting_passage: 'S', citation: 'C' }
        const value = /topics/.test(sent) ? { topics: ['one', 'two'] } : fields
        return { text: `\`\`\`json\n${JSON.stringify(value)}\n\`\`\`` }
      }
      const tool_calls = tools[name].map((tool, at) => ({
        id: `c${at}`,
        type: 'function',
        function: { name: tool, arguments: '{"query":"kelp"}' },
      }))
      return { message: { content: null, tool_calls }, finishReason: 'tool_calls' }
    },
  })
  const files = {
    models: { providers: [{ name: 'openai', endpoint: server.url, api_key: 'OPENAI_API_KEY' }] },
    servers: { providers: [{ name: 'x', provider_type: 'sse', endpoint: mcp.sseUrl }] },
  }
  const { records } = await preview({
    config: folder + name,
    rows: 2,
    providersFile: await desk.write('model_providers.yaml', files.models),
    mcpProvidersFile: await desk.write('mcp_providers.yaml', files.servers),
    environment: { OPENAI_API_KEY: 'k' },
  })
  return { records, asked, called: mcp.log.filter((line) => line.startsWith('call')) }
}

/** What a tool that is called gets back, and what one that is not allowed. */
const results = (names: readonly string[]): string[] =>
  names.map((name) =>
    name === 'not_allowed'
      ? `There is no tool "not_allowed". Available: ${names.slice(0, -1).join(', ')}`
      : `${name} of {"query":"kelp"}`,
  )

test('basic_mcp.yaml as it is', async () => {
  const names = tools['basic_mcp.yaml']
  const { records, asked, called } = await run('basic_mcp.yaml')
  expect(records).toHaveLength(2)
  for (const body of asked) {
    expect(body.tools?.map(({ function: one }) => one.name)).toEqual(names.slice(0, -1))
    expect(body.tools?.[0]?.function.parameters).toEqual(text)
  }
  // Two columns, two rows, two turns each.
  expect(asked).toHaveLength(8)
  expect(called).toHaveLength(12)
  const [record] = records
  for (const column of ['fact_response', 'math_response']) {
    expect(record?.[`${column}__trace`]).toMatchObject([
      { role: 'system' },
      { role: 'user' },
      { role: 'assistant', tool_calls: names.map((tool) => ({ function: { name: tool } })) },
      ...results(names).map((said, at) => ({
        role: 'tool',
        content: [{ type: 'text', text: said }],
        tool_call_id: `c${at}`,
      })),
      { role: 'assistant' },
    ])
  }
})

test('pdf_qa.yaml as it is', async () => {
  const names = tools['pdf_qa.yaml']
  const { records, asked, called } = await run('pdf_qa.yaml')
  expect(asked).toHaveLength(8)
  expect(called).toHaveLength(8)
  const { columns } = JSON.parse(JSON.stringify({ columns: records[0] })) as {
    columns: Record<string, unknown>
  }
  expect(columns).toMatchObject({
    topic_candidates: { topics: ['one', 'two'] },
    topic: expect.stringMatching(/^(one|two)$/),
    question: 'Q',
    answer: 'A',
    supporting_passage: 'S',
    citation: 'C',
    qa_pair__reasoning_content: null,
  })
  expect(columns['seed_id']).toBeUndefined()
  const trace = columns['topic_candidates__trace']
  expect(trace).toHaveLength(4 + names.length)
  expect(readFileSync(`${folder}pdf_qa.yaml`, 'utf8')).toContain('max_tool_call_turns: 100')
})

interface Sent {
  parameters: Record<string, unknown>
  tools: unknown
  tool_choice: unknown
  /** Without the instructions that are added to a prompt. */
  messages: { role: string; text: string; tool_calls?: unknown[]; tool_call_id?: string }[]
}

// Our own data; what is not as described fails the tests that use it.
const { configs } = JSON.parse(readFileSync(`${folder}tool-requests.json`, 'utf8')) as {
  configs: Record<string, { records: object[]; requests: Sent[] }>
}

test.each(Object.entries(configs))(
  '%s: what a model is sent is what the ancestor sends',
  async (name, { records, requests }) => {
    await using desk = await createDesk()
    const offered = name === 'pdf_qa.yaml' ? tools['pdf_qa.yaml'] : tools['basic_mcp.yaml']
    await using mcp = await createMcpServer({
      tools: offered.map((tool) => ({
        name: tool,
        description: `Does ${tool}.`,
        inputSchema: text,
      })),
    })
    const asked: Sent[] = []
    await using server = await createModelServer({
      script({ text: body }) {
        const sent = sentIn(body)
        if (sent.tools === null) return {}
        asked.push(sent)
        const fields = { question: 'Q', answer: 'A', supporting_passage: 'S', citation: 'C' }
        const value = body.includes('topics') ? { topics: ['one'] } : fields
        if (sent.messages.at(-1)?.role === 'tool') {
          return { text: `\`\`\`json\n${JSON.stringify(value)}\n\`\`\`` }
        }
        const called = (sent.tools as { function: { name: string } }[]).map(
          ({ function: one }, at) => ({
            id: `c${at}`,
            type: 'function',
            function: { name: one.name, arguments: '{"query":"kelp"}' },
          }),
        )
        return { message: { content: null, tool_calls: called }, finishReason: 'tool_calls' }
      },
    })
    const dataset = (parse(readFileSync(folder + name, 'utf8')) as { data_designer: Dataset })
      .data_designer
    await desk.write('rows.jsonl', records.map((one) => JSON.stringify(one)).join('\n'))
    const config = {
      ...dataset,
      columns: dataset.columns.filter(({ column_type: type }) => type !== 'sampler'),
      seed_config: { source: { seed_type: 'local', path: desk.path('rows.jsonl') } },
    }
    await preview({
      config: { config },
      rows: records.length,
      providersFile: await desk.write('model_providers.yaml', {
        providers: [{ name: 'openai', endpoint: server.url, api_key: 'OPENAI_API_KEY' }],
      }),
      mcpProvidersFile: await desk.write('mcp_providers.yaml', {
        providers: [{ name: 'x', provider_type: 'sse', endpoint: mcp.sseUrl }],
      }),
      environment: { OPENAI_API_KEY: 'k' },
    })
    const texts = (list: readonly Sent[]): string[] => list.map((one) => JSON.stringify(one))
    expect(texts(asked).toSorted()).toEqual(texts(requests).toSorted())
  },
)

interface Dataset {
  columns: { column_type: string }[]
}

function sentIn(body: string): Sent {
  const {
    messages,
    tools: offered = null,
    tool_choice: choice = null,
    stream: _stream,
    ...parameters
  } = JSON.parse(body) as {
    messages: {
      role: string
      content: string | { text?: string }[] | null
      tool_calls?: unknown[]
      tool_call_id?: string
    }[]
    tools?: unknown
    tool_choice?: unknown
    stream?: unknown
  }
  return {
    parameters,
    tools: offered,
    tool_choice: choice,
    messages: messages.map(({ role, content, tool_calls: calls, tool_call_id: id }) => ({
      role,
      text: textIn(content),
      ...(calls === undefined ? {} : { tool_calls: calls }),
      ...(id === undefined ? {} : { tool_call_id: id }),
    })),
  }
}

/** Instructions stand behind an empty line; no prompt of these has one. */
function textIn(content: string | { text?: string }[] | null): string {
  const whole =
    typeof content === 'string'
      ? content
      : (content ?? []).map((block) => block.text ?? '').join('')
  return whole.split('\n\n')[0] ?? ''
}
