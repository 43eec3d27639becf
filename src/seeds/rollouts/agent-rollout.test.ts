import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Value } from '../../util/value.ts'
import { Double } from '../../util/value.ts'
import type { SeedContext } from '../define.ts'
import { inspectSeed } from '../inspect-seed.ts'
import { agentRollout } from './agent-rollout.ts'

/*
 * Sessions of all five formats, and what NeMo Data Designer makes of them (0.9.7, asked once).
 */

const folder = fileURLToPath(new URL('fixtures/', import.meta.url))
const ancestors = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as Record<
  string,
  Record<string, unknown>[]
>
const context: SeedContext = {
  workingDirectory: folder,
  configDirectory: null,
  signal: new AbortController().signal,
}

async function open(format: string) {
  const source = { seed_type: 'agent_rollout', format, path: format }
  return agentRollout.open(agentRollout.schema.parse(source), context)
}

async function rowsOf(format: string) {
  const seed = await open(format)
  const rows = (await Array.fromAsync(seed.rows({ signal: context.signal }))).flat()
  return {
    rows: rows.map((row): Record<string, unknown> => {
      const named = Object.fromEntries(
        seed.columns.map(({ name }, at) => [name, plain(row[at] ?? null)]),
      )
      return { ...named, source_path: relative(folder, String(named['source_path'])) }
    }),
    notes: seed.notes.map(({ message }) => message.replaceAll(folder, '')),
    columns: seed.columns,
  }
}

function messagesIn(row: Record<string, unknown> | undefined): unknown[] {
  const messages = row?.['messages']
  return Array.isArray(messages) ? messages : []
}

function plain(value: Value): unknown {
  if (value instanceof Double) return value.value
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof Map)) return value
  return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
}

const tool = (content: string, id: string) => ({
  role: 'tool',
  content: content === '' ? [] : [{ type: 'text', text: content }],
  tool_call_id: id,
})

/** Where this engine's rows differ, by path and column. */
const ours: Record<string, Record<string, unknown>> = {
  // Git's branch is what the session says of it.
  'codex/2026/01/rollout-2026-02-01T00-00-00-uuid1.jsonl': { git_branch: 'dev' },
}

test.each(['claude_code', 'codex', 'hermes_agent', 'pi_coding_agent', 'atif'])(
  '%s: the rows of NeMo Data Designer',
  async (format) => {
    const { rows } = await rowsOf(format)
    for (const wanted of ancestors[format] ?? []) {
      const path = String(wanted['source_path'])
      const row = rows.find((one) => one['source_path'] === path)
      const { messages, source_meta: meta, ...rest } = { ...wanted, ...ours[path] }
      expect(row).toMatchObject(rest)
      if (path === 'claude_code/x.jsonl' || path === 'codex/rollout-x.jsonl') continue
      expect(row).toMatchObject({ messages, source_meta: meta })
    }
  },
)

test('results of tools stand behind their calls, and what is not text is JSON', async () => {
  const claude = (await rowsOf('claude_code')).rows.find(({ trace_id: id }) => id === 's')
  expect(messagesIn(claude).slice(3, 6)).toEqual([
    tool('str', 't1'),
    tool('', 't2'),
    {
      role: 'user',
      content: [
        { type: 'text', text: 'before' },
        { type: 'text', text: 'after' },
      ],
    },
  ])
  const codex = (await rowsOf('codex')).rows.find(({ trace_id: id }) => id === 'u')
  expect(messagesIn(codex)[3]).toEqual(tool('{"content":"o","success":true}', 'c9'))
  expect(codex?.['source_meta']).toMatchObject({
    source: '{"subagent":{"thread_spawn":{"parent_thread_id":"pp"}}}',
  })
})

test('what is not a session is omitted with a warning', async () => {
  const notes = await Promise.all(
    ['claude_code', 'hermes_agent', 'pi_coding_agent', 'atif'].map(
      async (format) => (await rowsOf(format)).notes,
    ),
  )
  expect(notes.flat()).toEqual([
    'The session claude_code/-srv-u-proj/bad.jsonl is omitted: line 1 is not JSON',
    'The session claude_code/-srv-u-proj/empty.jsonl is omitted: it is empty',
    'The session claude_code/-srv-u-proj/half.jsonl is omitted: line 2 is not JSON',
    'The session claude_code/norole.jsonl is omitted: a record of the user has no message',
    'The session claude_code/notobj.jsonl is omitted: line 1 is not a JSON object',
    'The session hermes_agent/session_b.json is omitted: line 1 is not a JSON object',
    'The session pi_coding_agent/nosession.jsonl is omitted: it does not begin with an entry of the type session',
    'The session atif/bad.json is omitted: it has no schema_version',
    'The session atif/nosteps.json is omitted: it has no steps',
  ])
})

test('sessions that NeMo Data Designer omits', async () => {
  const gateway = (await rowsOf('hermes_agent')).rows.find(
    ({ trace_id: id }) => id === '20260101_def',
  )
  expect(gateway).toMatchObject({ message_count: 2, source_meta: { platform: 'telegram' } })
  const free = (await rowsOf('atif')).rows.find(({ source_path: path }) => path === 'atif/u.json')
  expect(free).toMatchObject({ message_count: 7, tool_call_count: 2 })
})

test('the columns, and what is wrong', async () => {
  expect(
    (await rowsOf('codex')).columns.map(({ name, type }) => `${name} ${type}`).join(', '),
  ).toBe(
    'trace_id string, source_kind string, source_path string, root_session_id string, agent_id string, ' +
      'is_sidechain bool, cwd string, project_path string, git_branch string, started_at string, ' +
      'ended_at string, messages json, source_meta json, message_count int64, tool_call_count int64, ' +
      'final_assistant_message string',
  )
  const faultOf = async (fields: object): Promise<string> => {
    const source = { seed_type: 'agent_rollout', ...fields }
    const order = { sampling_strategy: 'ordered', selection_strategy: null } as const
    const config = { source, ...order, rows_per_record: 1 }
    const sources = new Map([[agentRollout.type, agentRollout]])
    const { problems } = await inspectSeed(config, context, sources)
    return problems
      .map(({ code, path, message }) => `${code} ${String(path.at(-1))} ${message}`)
      .join('\n')
  }
  expect(await faultOf({ format: 'atif' })).toContain('missing-field path')
  expect(await faultOf({ format: 'aider' })).toContain('wrong-word format')
  expect(await faultOf({ format: 'codex', path: 'atif' })).toContain('seed-missing file_pattern')
  expect(await faultOf({ format: 'pi_coding_agent', path: 'claude_code' })).toContain(
    'is a session of',
  )
})
