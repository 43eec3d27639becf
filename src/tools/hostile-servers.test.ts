import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { McpProvider } from '../config/dataset.ts'
import { openTools, type ToolRegistry } from './open-tools.ts'
import { longestText } from './tool-content.ts'

const program = fileURLToPath(new URL('../../test/support/mcp-hostile.ts', import.meta.url))
const { signal } = new AbortController()
let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-hostile-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function serverThat(how: string, name = 'local'): McpProvider {
  return {
    name,
    provider_type: 'stdio',
    command: process.execPath,
    args: [program],
    env: { HOSTILE: how, MCP_LOG: join(root, how) },
    max_parallel_requests: 16,
  }
}

function registryOf(providers: readonly McpProvider[]): ToolRegistry {
  const { registry } = openTools({
    dataset: {
      toolConfigs: [
        {
          tool_alias: 'all',
          providers: providers.map(({ name }) => name),
          allow_tools: null,
          max_tool_call_turns: 5,
          timeout_sec: 20,
        },
      ],
      mcpProviders: providers,
    },
    used: ['all'],
    environment: {},
    directory: root,
  })
  if (registry === null) throw new Error('the tools are not sound')
  return registry
}

async function faultOf(...providers: McpProvider[]): Promise<string | undefined> {
  const registry = registryOf(providers)
  const [fault] = await registry.check(signal)
  await registry.close()
  return fault?.message
}

async function answerOf(how: string): Promise<string> {
  const registry = registryOf([serverThat(how)])
  expect(await registry.check(signal)).toEqual([])
  const call = await registry.box('all').address('add', '{"a":1,"b":2}', signal)
  if ('answer' in call) throw new Error('the call has no way')
  const [block] = (await registry.send(call.route, call.request, signal)).content
  await registry.close()
  return block?.type === 'text' ? block.text : ''
}

describe.concurrent('servers that are badly made', () => {
  test('junk on stdout is passed over', async () => {
    expect(await answerOf('junk')).toBe('3')
  })

  test("a schema of answers that is none is no one's concern", async () => {
    expect(await answerOf('output')).toBe('3')
  })

  test('an answer that is too long is cut off, and says so', async () => {
    const text = await answerOf('huge')
    expect(text.isWellFormed()).toBe(true)
    expect(text.slice(longestText)).toBe(
      '\n(cut off: 1200000 characters, and one answer may have 1048576)',
    )
  })

  test('an answer without a form is told to the model', async () => {
    expect(await answerOf('shapeless')).toMatch(
      /^The tool "add" failed: its answer is not of the protocol/,
    )
  })

  test.each([
    ['schemas', /"local" does not list its tools: .*inputSchema/s],
    ['twins', 'the tool "add" exists "local" twice, and names must be unique'],
    ['endless', /"local" does not list its tools: .*pagination did not terminate/],
    ['toolless', /"local" does not list its tools: it offers no tools/],
  ])('a listing is refused before anything is made: %s', async (how, message) => {
    expect(await faultOf(serverThat(how))).toMatch(message)
  })

  test('two servers with a tool of the same name', async () => {
    expect(await faultOf(serverThat('junk', 'one'), serverThat('plain', 'two'))).toBe(
      'the tool "add" exists both of "one" and of "two", and names must be unique',
    )
  })
})
