import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createMcpServer } from '../../test/support/mcp-http.ts'
import type { McpProvider, ToolConfig } from '../config/dataset.ts'
import type { Content } from '../graph/request.ts'
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
    directory: process.cwd(),
  })
  expect(problems).toEqual([])
  if (registry === null) throw new Error('no problem, but no registry')
  return registry
}

/** What a call comes to, sent as a run sends it. */
function callOf(
  registry: ToolRegistry,
): (name: string, written: string, own: AbortSignal) => Promise<readonly Content[]> {
  return async (name, written, own) => {
    const call = await registry.box('all').address(name, written, own)
    if ('answer' in call) return call.answer
    return (await registry.send(call.route, call.request, own)).content
  }
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
    const call = callOf(registry)
    expect((await registry.box('all').list(signal)).map(({ name }) => name)).toEqual(allTools)
    const sums = await Promise.all(
      [1, 2, 3].map((a) => call('add', JSON.stringify({ a, b: 1 }), signal)),
    )
    expect(sums).toEqual(['2', '3', '4'].map((text) => [{ type: 'text', text }]))
    expect((await log()).slice(0, 3)).toEqual(['start', 'list', 'list'])
    expect((await log()).slice(3)).toHaveLength(3)
  })
})

test('what goes wrong with a call is told to the model', async () => {
  await withProcess({ timeout_sec: 2 }, async (registry, log) => {
    const call = callOf(registry)
    const [failed, hung, unknown, broken, noObject] = await Promise.all([
      call('fail', '{}', signal),
      call('hang', '{}', signal),
      call('addd', '{}', signal),
      call('add', '{"a":', signal),
      call('add', '[1]', signal),
    ])
    expect(failed).toEqual([{ type: 'text', text: 'the sky fell' }])
    expect(hung).toEqual([
      { type: 'text', text: 'The tool "hang" failed: it gave no answer within 2 s.' },
    ])
    expect(unknown).toEqual([
      { type: 'text', text: `There is no tool "addd". Available: ${allTools.join(', ')}` },
    ])
    expect(broken).toEqual([
      { type: 'text', text: 'The arguments of the call of "add" are not JSON: {"a":' },
    ])
    expect(noObject).toEqual([{ type: 'text', text: 'NaN' }])
    await expect.poll(log).toContainEqual(expect.stringMatching(/^cancelled /))
  })
})

test('an aborted call is cancelled at the server', async () => {
  await withProcess({}, async (registry, log) => {
    const controller = new AbortController()
    const hanging = callOf(registry)('hang', '{}', controller.signal)
    while (!(await log().catch((): string[] => [])).includes('call hang {}')) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    controller.abort(new Error('enough'))
    await expect(hanging).rejects.toThrow('enough')
    await expect.poll(log).toContainEqual(expect.stringMatching(/^cancelled /))
  })
})

test('an image is kept as a block', async () => {
  await withProcess({}, async (registry) => {
    expect(await callOf(registry)('picture', '', signal)).toEqual([
      { type: 'text', text: 'Here:' },
      { type: 'media', media: { base64: expect.stringMatching(/^iVBOR/) }, mime: 'image/png' },
    ])
  })
})

test('a process that ends is started again; a call that ends it twice is the one at fault', async () => {
  await withProcess({}, async (registry, log) => {
    const call = callOf(registry)
    expect(await call('crash', '{}', signal)).toEqual([
      { type: 'text', text: 'The tool "crash" failed: its server ended while it worked.' },
    ])
    expect(await call('add', '{"a":1,"b":2}', signal)).toEqual([{ type: 'text', text: '3' }])
    expect((await log()).filter((line) => line === 'start')).toHaveLength(3)
  })
})

test('only the allowed tools are offered and called', async () => {
  await withProcess({ allow_tools: ['add'] }, async (registry) => {
    const call = callOf(registry)
    expect((await registry.box('all').list(signal)).map(({ name }) => name)).toEqual(['add'])
    expect(await call('fail', '{}', signal)).toEqual([
      { type: 'text', text: 'There is no tool "fail". Available: add' },
    ])
  })
})

test('an empty list of allowed tools allows all of them', async () => {
  await withProcess({ allow_tools: [] }, async (registry) => {
    expect((await registry.box('all').list(signal)).map(({ name }) => name)).toEqual(allTools)
  })
})

test('a tool that is allowed and not there is reported before anything is made', async () => {
  await withProcess({ allow_tools: ['pictur'] }, async (registry) => {
    expect(await registry.check(signal)).toEqual([
      {
        alias: 'all',
        message: `allow_tools names pictur, and local offers ${allTools.join(', ')}; did you mean picture?`,
      },
    ])
  })
})

test('a program that does not start is reported with its last words', async () => {
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
  const answer = await callOf(registry)('add', '{"a":2,"b":3}', signal)
  expect(answer).toEqual([{ type: 'text', text: '5' }])
  expect(new Set(server.tokens)).toEqual(new Set(['Bearer open-sesame']))
  await registry.close()
})

test('a server that forgot its sessions gets a new one', async () => {
  await using server = await createMcpServer()
  const registry = registryOf(atAddress(server.url, 'streamable_http'))
  const call = callOf(registry)
  await registry.box('all').list(signal)
  server.forget()
  expect(await call('add', '{"a":2,"b":3}', signal)).toEqual([{ type: 'text', text: '5' }])
  expect(server.log.filter((line) => line === 'list')).toHaveLength(2)
  await registry.close()
})

test('a server that is not there is reported as one that can be waited for, and is found when it is back', async () => {
  const first = await createMcpServer()
  const { port } = new URL(first.url)
  const registry = registryOf(atAddress(first.url, 'streamable_http'))
  const call = callOf(registry)
  await registry.box('all').list(signal)
  await first[Symbol.asyncDispose]()
  await expect(call('add', '{"a":2,"b":3}', signal)).rejects.toMatchObject({
    name: 'RequestError',
    code: 'unreachable',
    problem: { kind: 'unreachable' },
    message: expect.stringMatching(/^The MCP provider "web" can't be reached: .*ECONNREFUSED.*\.$/),
  })
  await using second = await createMcpServer({ port: Number(port) })
  expect(await call('add', '{"a":2,"b":3}', signal)).toEqual([{ type: 'text', text: '5' }])
  expect(second.log).toEqual(['call add {"a":2,"b":3}'])
  await registry.close()
})

test.each([
  [401, 'unauthorized', 'endpoint-stopped'],
  [403, 'forbidden', 'endpoint-stopped'],
  [429, 'throttled', 'throttled'],
  [503, 'server-error', 'transient'],
  [404, 'unreachable', 'unreachable'],
])('a server that answers %s to everything: %s', async (status, code, kind) => {
  await using server = await createMcpServer()
  const registry = registryOf(atAddress(server.url, 'streamable_http'))
  await registry.box('all').list(signal)
  server.refuseWith(status)
  await expect(callOf(registry)('add', '{}', signal)).rejects.toMatchObject({
    code,
    problem: { kind },
  })
  await registry.close()
})
