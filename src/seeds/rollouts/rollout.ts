import { stringifyJson } from '../../util/json.ts'
import type { Value } from '../../util/value.ts'
import type { SeedColumn, SeedRow } from '../define.ts'

/** A JSON object. */
export type Fields = ReadonlyMap<string, Value>

/** What one session of an agent comes to, whatever wrote it. */
export interface Rollout {
  readonly trace_id: string
  readonly root_session_id: string
  readonly agent_id?: string | null
  readonly is_sidechain?: boolean
  readonly cwd?: string | null
  readonly project_path?: string | null
  readonly git_branch?: string | null
  readonly started_at?: string | null
  readonly ended_at?: string | null
  readonly messages: readonly Message[]
  /** Those that are null are omitted. */
  readonly source_meta: Readonly<Record<string, Value | undefined>>
}

/** A message as OpenAI's API has it. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: readonly Value[]
  readonly reasoning?: string
  readonly calls?: readonly ToolCall[]
  readonly callId?: string
}

interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON, as models write it. */
  readonly arguments: string
}

/** A file that is not a session; it is omitted with a warning. */
export class MalformedRollout extends Error {}

export const rolloutColumns: readonly SeedColumn[] = [
  { name: 'trace_id', type: 'string' },
  { name: 'source_kind', type: 'string' },
  { name: 'source_path', type: 'string' },
  { name: 'root_session_id', type: 'string' },
  { name: 'agent_id', type: 'string' },
  { name: 'is_sidechain', type: 'bool' },
  { name: 'cwd', type: 'string' },
  { name: 'project_path', type: 'string' },
  { name: 'git_branch', type: 'string' },
  { name: 'started_at', type: 'string' },
  { name: 'ended_at', type: 'string' },
  { name: 'messages', type: 'json' },
  { name: 'source_meta', type: 'json' },
  { name: 'message_count', type: 'int64' },
  { name: 'tool_call_count', type: 'int64' },
  { name: 'final_assistant_message', type: 'string' },
]

export function rowOf(rollout: Rollout, kind: string, path: string): SeedRow {
  const { messages, source_meta: meta, cwd = null } = rollout
  return [
    rollout.trace_id,
    kind,
    path,
    rollout.root_session_id,
    rollout.agent_id ?? null,
    rollout.is_sidechain ?? false,
    cwd,
    rollout.project_path ?? cwd,
    rollout.git_branch ?? null,
    rollout.started_at ?? null,
    rollout.ended_at ?? null,
    messages.map(valueOf),
    new Map(
      Object.entries(meta).flatMap(([key, value]) =>
        (value ?? null) === null ? [] : [[key, value ?? null]],
      ),
    ),
    messages.length,
    messages.reduce((sum, { calls = [] }) => sum + calls.length, 0),
    lastAnswer(messages),
  ]
}

function valueOf({ role, content, reasoning, calls = [], callId }: Message): Value {
  const value = new Map<string, Value>([
    ['role', role],
    ['content', [...content]],
  ])
  if (reasoning !== undefined && reasoning !== '') value.set('reasoning_content', reasoning)
  if (calls.length > 0) {
    const list = calls.map(({ id, name, arguments: given }) =>
      objectOf({ id, type: 'function', function: objectOf({ name, arguments: given }) }),
    )
    value.set('tool_calls', list)
  }
  if (callId !== undefined) value.set('tool_call_id', callId)
  return value
}

function lastAnswer(messages: readonly Message[]): string | null {
  for (const { role, content } of messages.toReversed()) {
    if (role !== 'assistant') continue
    const texts = content.map((block) => (isObject(block) ? textOf(block.get('text')) : null))
    const answer = texts.filter((text) => text !== null && text !== '').join('\n\n')
    if (answer !== '') return answer
  }
  return null
}

function objectOf(fields: Readonly<Record<string, Value>>): Value {
  return new Map(Object.entries(fields))
}

export function isObject(value: Value | undefined): value is Map<string, Value> {
  return value instanceof Map
}

export function textOf(value: Value | undefined): string | null {
  return typeof value === 'string' ? value : null
}

function listOf(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? value : []
}

export function objectsOf(value: Value | undefined): Map<string, Value>[] {
  return listOf(value).filter(isObject)
}

/** A content as a list of blocks: a text is one of them. */
export function blocksOf(content: Value | undefined): Value[] {
  if (content === undefined || content === null) return []
  if (Array.isArray(content))
    return content.map((item) => (isObject(item) ? item : textBlock(plainText(item))))
  return [isObject(content) ? content : textBlock(plainText(content))]
}

export function textBlock(text: string): Value {
  return objectOf({ type: 'text', text })
}

/** An answer of a model, of whose blocks some are thoughts and some are calls; what a call is given stands under a key. */
export function answerOf(
  blocks: readonly Value[],
  { call, input }: { call: string; input: string },
): Message {
  const content: Value[] = []
  const thoughts: string[] = []
  const calls: ToolCall[] = []
  for (const block of blocks) {
    const type = isObject(block) ? block.get('type') : null
    if (!isObject(block) || (type !== 'thinking' && type !== call)) content.push(block)
    else if (type === 'thinking') thoughts.push(wordIn(block, 'thinking'))
    else {
      const given = argumentsOf(block.get(input))
      calls.push({ id: wordIn(block, 'id'), name: wordIn(block, 'name'), arguments: given })
    }
  }
  return { role: 'assistant', content, reasoning: thoughts.join('\n\n'), calls }
}

/** The text of a field; empty where it has none. */
export function wordIn(fields: Fields, key: string): string {
  return textOf(fields.get(key)) ?? ''
}

/** Of records with a time: the earliest and the latest. */
export function spanOf(
  stamps: readonly (Value | undefined)[],
): Record<'started_at' | 'ended_at', string | null> {
  const words = wordsOf(stamps)
  return { started_at: words[0] ?? null, ended_at: words.at(-1) ?? null }
}

/** What is not text is written as JSON. */
export function plainText(value: Value | undefined): string {
  return typeof value === 'string' ? value : stringifyJson(value ?? null)
}

/** Arguments of a call, by name, the same for the same arguments. */
export function argumentsOf(value: Value | undefined): string {
  return typeof value === 'string'
    ? value
    : stringifyJson(value ?? new Map(), { spaced: true, sorted: true, ascii: true })
}

/** Without repeats, in order. */
export function wordsOf(values: Iterable<Value | undefined>): string[] {
  return [...new Set([...values].filter((value) => typeof value === 'string'))].sort()
}

export function firstText(records: readonly Fields[], ...keys: string[]): string | null {
  for (const key of keys) {
    for (const record of records) {
      const text = textOf(record.get(key))
      if (text !== null && text !== '') return text
    }
  }
  return null
}
