import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createMcpServer } from '../../test/support/mcp-http.ts'
import type { McpProvider, ToolConfig } from '../config/dataset.ts'
import { systemClock } from '../util/clock.ts'
import { openTools, type ToolRegistry } from './open-tools.ts'

const program = fileURLToPath(new URL('../../test/support/mcp-stdio.ts', import.meta.url))
const { signal } = new AbortController()

function registryOf(
  provider: McpProvider,
  fields: Partial<ToolConfig> = {},
  environment: Record<string, string> = {},
): ToolRegistry {
  const config: ToolConfig = {
    tool_alias: 'all',
    providers: [provider.name],
    allow_tools: null,
    max_tool_call_turns: 5,
    timeout_sec: null,
    ...fields,
  }
  const { registry, problems } = openTools({
    dataset: { toolConfigs: [config], mcpProviders: [provider] },
    used: ['all'],
    environment,
    clock: systemClock,
    directory: process.cwd(),
  })
  expect(problems).toEqual([])
  if (registry === null) throw new Error('no problem, but no registry')
  return registry
}

function atAddress(
  endpoint: string,
  provider_type: 'sse' | 'streamable_http',
  api_key: string | null = null,
): McpProvider {
  return { name: 'web', provider_type, endpoint, api_key, max_parallel_requests: 16 }
}

async function withProcess(
  fields: Partial<ToolConfig>,
  use: (registry: ToolRegistry, log: () => Promise<string[]>) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'rowsmith-mcp-'))
  const file = join(directory, 'log')
  const registry = registryOf(
    {
      name: 'local',
      provider_type: 'stdio',
      command: process.execPath,
      args: [program],
      env: { MCP_LOG: file },
      max_parallel_requests: 16,
    },
    fields,
  )
  try {
    await use(registry, async () => (await readFile(file, 'utf8')).trim().split('\n'))
  } finally {
    await registry.close()
    await rm(directory, { recursive: true })
  }
}

const allTools = ['add', 'fail', 'hang', 'picture', 'crash']

test('a process: started once, listed once, its calls at the same time', async () => {
  await withProcess({}, async (registry, log) => {
    expect(await registry.check(signal)).toEqual([])
    const box = registry.box('all')
    expect((await box.list(signal)).map(({ name }) => name)).toEqual(allTools)
    const sums = await Promise.all(
      [1, 2, 3].map((a) => box.call('add', JSON.stringify({ a, b: 1 }), signal)),
    )
    expect(sums).toEqual(['2', '3', '4'].map((text) => [{ type: 'text', text }]))
    expect((await log()).slice(0, 3)).toEqual(['start', 'list', 'list'])
    expect((await log()).slice(3)).toHaveLength(3)
  })
})

test('what goes wrong with a call is told to the model', async () => {
  await withProcess({ timeout_sec: 2 }, async (registry, log) => {
    const box = registry.box('all')
    const [failed, hung, unknown, broken, noObject] = await Promise.all([
      box.call('fail', '{}', signal),
      box.call('hang', '{}', signal),
      box.call('addd', '{}', signal),
      box.call('add', '{"a":', signal),
      box.call('add', '[1]', signal),
    ])
    expect(failed).toEqual([{ type: 'text', text: 'the sky fell' }])
    expect(hung).toEqual([
      { type: 'text', text: 'The tool "hang" failed: it gave no answer within 2 s.' },
    ])
    expect(unknown).toEqual([
      { type: 'text', text: `There is no tool "addd". There is: ${allTools.join(', ')}` },
    ])
    expect(broken).toEqual([
      { type: 'text', text: 'The arguments of the call of "add" are no JSON: {"a":' },
    ])
    expect(noObject).toEqual([{ type: 'text', text: 'NaN' }])
    await expect.poll(log).toContainEqual(expect.stringMatching(/^cancelled /))
  })
})

test('an aborted call is cancelled at the server', async () => {
  await withProcess({}, async (registry, log) => {
    const controller = new AbortController()
    const call = registry.box('all').call('hang', '{}', controller.signal)
    while (!(await log().catch((): string[] => [])).includes('call hang {}')) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    controller.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    await expect.poll(log).toContainEqual(expect.stringMatching(/^cancelled /))
  })
})

test('an image is kept as a block', async () => {
  await withProcess({}, async (registry) => {
    expect(await registry.box('all').call('picture', '', signal)).toEqual([
      { type: 'text', text: 'Here:' },
      { type: 'media', media: { base64: expect.stringMatching(/^iVBOR/) }, mime: 'image/png' },
    ])
  })
})

test('a process that ends is started again; a call that ends it twice is the one at fault', async () => {
  await withProcess({}, async (registry, log) => {
    const box = registry.box('all')
    expect(await box.call('crash', '{}', signal)).toEqual([
      { type: 'text', text: 'The tool "crash" failed: its server ended while it worked.' },
    ])
    expect(await box.call('add', '{"a":1,"b":2}', signal)).toEqual([{ type: 'text', text: '3' }])
    expect((await log()).filter((line) => line === 'start')).toHaveLength(3)
  })
})

test('only the allowed tools are offered and called', async () => {
  await withProcess({ allow_tools: ['add'] }, async (registry) => {
    const box = registry.box('all')
    expect((await box.list(signal)).map(({ name }) => name)).toEqual(['add'])
    expect(await box.call('fail', '{}', signal)).toEqual([
      { type: 'text', text: 'There is no tool "fail". There is: add' },
    ])
  })
})

test('a tool that is allowed and not there is told before anything is made', async () => {
  await withProcess({ allow_tools: ['pictur'] }, async (registry) => {
    expect(await registry.check(signal)).toEqual([
      {
        alias: 'all',
        message: `allow_tools names pictur, and local offers ${allTools.join(', ')}; did you mean picture?`,
      },
    ])
  })
})

test('a program that does not start is told with its last words', async () => {
  const registry = registryOf({
    name: 'local',
    provider_type: 'stdio',
    command: process.execPath,
    args: ['-e', 'console.error("no database"); process.exit(3)'],
    env: {},
    max_parallel_requests: 16,
  })
  const [fault] = await registry.check(signal)
  expect(fault?.message).toMatch(/"local" does not list its tools: .*: no database$/)
  await registry.close()
})

test.each(['sse', 'streamable_http'] as const)('a server over %s, with its token', async (type) => {
  await using server = await createMcpServer()
  const url = type === 'sse' ? server.sseUrl : server.url
  const registry = registryOf(atAddress(url, type, 'WEB_TOKEN'), {}, { WEB_TOKEN: 'open-sesame' })
  expect(await registry.check(signal)).toEqual([])
  const answer = await registry.box('all').call('add', '{"a":2,"b":3}', signal)
  expect(answer).toEqual([{ type: 'text', text: '5' }])
  expect(new Set(server.tokens)).toEqual(new Set(['Bearer open-sesame']))
  await registry.close()
})

test('a server that forgot its sessions gets a new one', async () => {
  await using server = await createMcpServer()
  const registry = registryOf(atAddress(server.url, 'streamable_http'))
  const box = registry.box('all')
  await box.list(signal)
  server.forget()
  expect(await box.call('add', '{"a":2,"b":3}', signal)).toEqual([{ type: 'text', text: '5' }])
  expect(server.log.filter((line) => line === 'list')).toHaveLength(2)
  await registry.close()
})

test('a server that is not there yet when it is called is waited for', async () => {
  const first = await createMcpServer()
  const { port } = new URL(first.url)
  const registry = registryOf(atAddress(first.url, 'streamable_http'))
  const box = registry.box('all')
  await box.list(signal)
  await first[Symbol.asyncDispose]()
  const call = box.call('add', '{"a":2,"b":3}', signal)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await using second = await createMcpServer({ port: Number(port) })
  expect(await call).toEqual([{ type: 'text', text: '5' }])
  expect(second.log).toEqual(['call add {"a":2,"b":3}'])
  await registry.close()
})
