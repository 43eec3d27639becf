import { expect, test } from 'vitest'
import { create, open, validate } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'
import { createMcpServer } from '../support/mcp-http.ts'

// The files the ancestor keeps in ~/.data-designer, with every field that its version 0.9.7 writes.

interface Places {
  models: string
  tools: string
}

const files = ({ models, tools }: Places): Record<string, string> => ({
  'model_providers.yaml': `providers:
- name: nvidia
  endpoint: ${models}
  provider_type: openai
  api_key: NVIDIA_API_KEY
  extra_body: null
  extra_headers: null
- name: other
  endpoint: https://openrouter.ai/api/v1
  provider_type: openai
  api_key: OPENROUTER_API_KEY
  extra_body: null
  extra_headers:
    x-team: data
default: nvidia
`,
  'model_configs.yaml': `model_configs:
- alias: own-text
  model: nvidia/nemotron
  inference_parameters:
    generation_type: chat-completion
    max_parallel_requests: 3
    timeout: null
    extra_body:
      chat_template_kwargs:
        enable_thinking: false
    temperature: 1.0
    top_p: 0.95
    max_tokens: null
  provider: nvidia
  skip_health_check: false
- alias: own-embedding
  model: nvidia/embed
  inference_parameters:
    generation_type: embedding
    max_parallel_requests: 4
    timeout: null
    extra_body:
      input_type: query
    encoding_format: float
    dimensions: null
  provider: nvidia
  skip_health_check: false
- alias: own-reasoning
  model: openai/gpt-oss-20b
  inference_parameters:
    generation_type: chat-completion
    max_parallel_requests: 4
    timeout: 90
    extra_body: null
    temperature: null
    top_p: null
    max_tokens: 100
  provider: other
  skip_health_check: true
`,
  'mcp_providers.yaml': `providers:
- name: web
  provider_type: sse
  endpoint: ${tools}
  api_key: null
- name: later
  provider_type: streamable_http
  endpoint: https://example.org/mcp
  api_key: WEB_MCP_KEY
- name: here
  provider_type: stdio
  command: uvx
  args:
  - mcp-server-time
  env:
    TZ: UTC
`,
  'tool_configs.yaml': `tool_configs:
- tool_alias: sums
  providers:
  - web
  allow_tools:
  - add
  max_tool_call_turns: 5
  timeout_sec: 30.0
- tool_alias: clock
  providers:
  - here
  - later
  allow_tools: null
  max_tool_call_turns: 2
  timeout_sec: null
`,
})

const config = {
  columns: [
    { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
    {
      name: 'sum',
      column_type: 'llm-text',
      model_alias: 'own-text',
      prompt: 'Add {{ id }}.',
      tool_alias: 'sums',
    },
    {
      name: 'vector',
      column_type: 'embedding',
      model_alias: 'own-embedding',
      target_column: 'sum',
    },
  ],
}

test('all four drive a run as they are, which needs none of them afterwards', async () => {
  await using desk = await createDesk()
  await using mcp = await createMcpServer()
  const asked: Record<string, unknown>[] = []
  await using server = await createModelServer({
    script({ text }) {
      asked.push(JSON.parse(text) as Record<string, unknown>)
      if (!text.includes('"tools"') || text.includes('"role":"tool"')) return {}
      const call = { id: 'c', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
      return { message: { content: null, tool_calls: [call] }, finishReason: 'tool_calls' }
    },
  })
  const written = files({ models: server.url, tools: mcp.sseUrl })
  for (const [name, text] of Object.entries(written)) await desk.write(name, text)
  const options = {
    config: { config },
    providersFile: desk.path('model_providers.yaml'),
    modelConfigsFile: desk.path('model_configs.yaml'),
    mcpProvidersFile: desk.path('mcp_providers.yaml'),
    toolConfigsFile: desk.path('tool_configs.yaml'),
    environment: { NVIDIA_API_KEY: 'n' },
  }
  expect((await validate(options)).problems).toEqual([])
  const { rows, dir } = await create({ ...options, rows: 2, out: desk.path('run') })
  expect(rows).toMatchObject({ accepted: 2 })
  const chats = asked.filter(({ tools }) => tools !== undefined)
  expect(chats).toHaveLength(4)
  for (const body of chats) {
    expect(body).toMatchObject({
      model: 'nvidia/nemotron',
      temperature: 1,
      top_p: 0.95,
      chat_template_kwargs: { enable_thinking: false },
    })
    expect(body).not.toHaveProperty('max_tokens')
  }
  expect(asked).toContainEqual(
    expect.objectContaining({ model: 'nvidia/embed', input_type: 'query' }),
  )
  expect(mcp.log.filter((line) => line.startsWith('call'))).toHaveLength(2)
  await using dataset = await open(dir)
  const { limits } = await dataset.summary()
  expect(limits.map(({ alias }) => alias)).toEqual(['own-text', 'own-embedding', 'own-reasoning'])
})

test('a config with models of its own has those of the file beside them', async () => {
  await using desk = await createDesk()
  const written = files({ models: 'http://127.0.0.1:9/v1', tools: 'http://127.0.0.1:9/sse' })
  const modelConfigsFile = await desk.write('m.yaml', written['model_configs.yaml'] ?? '')
  const [id, sum] = config.columns
  const own = {
    columns: [
      id,
      { ...sum, tool_alias: null },
      { ...sum, name: 'b', model_alias: 'mine', tool_alias: null },
    ],
    model_configs: [{ alias: 'mine', model: 'm', provider: 'nvidia' }],
  }
  const environment = { NVIDIA_API_KEY: 'n' }
  expect(
    (await validate({ config: { config: own }, modelConfigsFile, environment })).problems,
  ).toEqual([])
  const broken = await desk.write('broken.yaml', 'model_configs: [{alias: own-text, modle: m}]')
  const { problems } = await validate({
    config: { config: own },
    modelConfigsFile: broken,
    environment,
  })
  // What the file lacks is said once, and not again of the columns that use it.
  expect(problems.map(({ code, file }) => [code, file === broken])).toEqual([
    ['missing-field', true],
    ['unknown-key', true],
  ])
})
