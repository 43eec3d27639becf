import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { create, start } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createMcpServer } from '../support/mcp-http.ts'
import { createDesk } from './command.ts'

const hostile = fileURLToPath(new URL('../support/mcp-hostile.ts', import.meta.url))

test('Ctrl-C while a tool works: the call is given up, and no process of a server stays behind', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script({ text }) {
      if (!text.includes('"tools"')) return {}
      const call = { id: 'c', type: 'function', function: { name: 'hang', arguments: '{}' } }
      return { message: { content: null, tool_calls: [call] }, finishReason: 'tool_calls' }
    },
  })
  const log = desk.path('mcp.log')
  await desk.write('sums.json', {
    model_providers: [{ name: 'local', endpoint: server.url }],
    model_configs: [{ alias: 'writer', model: 'm', provider: 'local' }],
    columns: [
      {
        name: 'sum',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'Add.',
        tool_alias: 'sums',
      },
    ],
  })
  const serversThat = (how: string): object => ({
    providers: [
      {
        name: 'x',
        provider_type: 'stdio',
        command: process.execPath,
        args: [hostile],
        env: { HOSTILE: how, MCP_LOG: log },
      },
    ],
  })
  await desk.write('mcp_providers.yaml', serversThat('nothing'))
  await desk.write('tool_configs.yaml', {
    tool_configs: [{ tool_alias: 'sums', providers: ['x'] }],
  })
  const files = ['--mcp-providers', 'mcp_providers.yaml', '--tool-configs', 'tool_configs.yaml']
  const rendered = await desk.run(['render', 'sums.json', '-c', 'sum', '--tools', ...files])
  expect(rendered).toMatchObject({ code: 0, stderr: '' })
  expect(rendered.stdout).toMatch(/^--- prompt\nAdd\.\n--- tools\n\{"name":"add",/)
  const untooled = await desk.run(['render', 'sums.json', '-c', 'sum'])
  expect(untooled.code).toBe(2)
  expect(untooled.stderr).toContain('give a file of them with --tool-configs')

  await desk.write('mcp_providers.yaml', serversThat('stays'))
  const running = desk.start(['create', 'sums.json', '-n', '2', ...files])
  const logged = (): Promise<string> => readFile(log, 'utf8').catch(() => '')
  await expect.poll(logged).toMatch(/call hang/)
  const pids = [...(await logged()).matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid))
  expect(pids).toHaveLength(2)

  running.child.kill('SIGINT')
  await running.said('Stopping: ')
  running.child.kill('SIGINT')
  const ended = await running.ended

  expect(ended.code, ended.stderr).toBe(130)
  expect(ended.stderr).toContain(files.join(' '))
  await expect.poll(() => pids.some(isRunning)).toBe(false)
  // The report reads the tools from the run folder.
  const report = await desk.run(['report', 'runs/sums'])
  expect(report.code, report.stderr).toBe(0)
}, 60_000)

test('a server of tools that goes away is waited for, and the rows of one that stays away remain', async () => {
  await using desk = await createDesk()
  let asked = 0
  await using server = await createModelServer({
    latencyMs: 5,
    script({ text }) {
      if (!text.includes('"tools"')) return {}
      asked += 1
      if (text.includes('"tool"')) return { text: 'done' }
      const call = { id: 'c', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
      return { message: { content: null, tool_calls: [call] }, finishReason: 'tool_calls' }
    },
  })
  const first = await createMcpServer()
  const config = {
    model_providers: [{ name: 'local', endpoint: server.url }],
    model_configs: [{ alias: 'writer', model: 'm', provider: 'local' }],
    mcp_providers: [
      {
        name: 'x',
        provider_type: 'streamable_http',
        endpoint: first.url,
        max_parallel_requests: 2,
      },
    ],
    tool_configs: [{ tool_alias: 'sums', providers: ['x'] }],
    columns: [
      { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      {
        name: 'sum',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'Add {{ id }}.',
        tool_alias: 'sums',
      },
    ],
  }
  const session = {
    config: { config },
    rows: 60,
    out: desk.path('run'),
    runConfig: { max_outage: 5 },
  }
  const callsOf = ({ log }: typeof first): number =>
    log.filter((line) => line.startsWith('call')).length

  const running = await start(session)
  await expect.poll(() => callsOf(first)).toBeGreaterThan(10)
  await first[Symbol.asyncDispose]()
  await expect
    .poll(() => running.progress()?.routes.find(({ name }) => name === 'tools:x')?.outage)
    .toMatchObject({ endpoint: first.url, code: 'unreachable' })
  const before = asked
  const second = await createMcpServer({ port: Number(new URL(first.url).port) })
  await expect.poll(() => callsOf(second)).toBeGreaterThan(10)
  // Only the rows at work asked the model meanwhile.
  expect(before).toBeLessThan(60)

  await second[Symbol.asyncDispose]()
  const stopped = await running.finished
  expect(stopped.end).toMatchObject({
    kind: 'stopped',
    reason: expect.stringMatching(
      /^http:\S+\/mcp has not answered since .* last error: The MCP provider "x" can't be reached: .* The rows remain/,
    ),
  })
  expect(stopped.rows).toMatchObject({ dropped: 0, nullKept: 0 })
  expect(stopped.rows.remaining).toBeGreaterThan(0)

  await using third = await createMcpServer({ port: Number(new URL(first.url).port) })
  const made = await create(session)
  expect(made.rows).toMatchObject({ accepted: 60, dropped: 0 })
  // Two requests a row, whatever happened to the calls between them; a call may have been made unseen.
  expect(asked).toBe(120)
  expect([first, second, third].reduce((sum, one) => sum + callsOf(one), 0)).toBeLessThan(60 + 5)
}, 60_000)

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
