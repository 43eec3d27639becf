import { stringifyJson } from '../../util/json.ts'
import type { Value } from '../../util/value.ts'
import { defineRolloutFormat } from './rollout-format.ts'
import {
  argumentsOf,
  blocksOf,
  type Fields,
  isObject,
  MalformedRollout,
  type Message,
  objectsOf,
  textBlock,
  textOf,
  wordIn,
  wordsOf,
} from './rollout.ts'

/** Sessions of Hermes: one JSON object of the command line, or a message a line of its gateways. */
export const hermesAgent = defineRolloutFormat({
  name: 'hermes_agent',
  path: '~/.hermes/sessions',
  pattern: '*.json*',
  isRead: ({ name }) =>
    name.endsWith('.jsonl') || (name.startsWith('session_') && name.endsWith('.json')),
  read({ records, stem, name }) {
    const [session = new Map<string, Value>()] = records
    return [name.endsWith('.jsonl') ? transcript(records, stem) : sessionLog(session, stem)]
  },
})

type Read = ReturnType<typeof transcript>

function transcript(records: readonly Fields[], stem: string) {
  // Some gateways begin with a separate line.
  const [meta] = records.filter((record) => record.get('role') === 'session_meta')
  const lines = records.filter((record) => record !== meta)
  return {
    trace_id: stem,
    root_session_id: stem,
    started_at: null as string | null,
    ended_at: null as string | null,
    messages: lines.map(messageOf),
    source_meta: {
      record_count: lines.length,
      session_format: 'gateway_transcript',
      finish_reasons: wordsOf(lines.map((line) => line.get('finish_reason'))),
      tool_names_used: wordsOf(lines.flatMap(namesOfCalls)),
      model: meta?.get('model'),
      platform: meta?.get('platform'),
    } as Record<string, Value | undefined>,
  }
}

function sessionLog(session: Fields, stem: string): Read {
  const id = textOf(session.get('session_id')) ?? stem.replace(/^session_/, '')
  const lines = objectsOf(session.get('messages'))
  const prompt = textOf(session.get('system_prompt'))
  const tools = objectsOf(session.get('tools'))
  const first: Message[] =
    prompt === null || prompt === '' ? [] : [{ role: 'system', content: [textBlock(prompt)] }]
  return {
    trace_id: id,
    root_session_id: id,
    started_at: textOf(session.get('session_start')),
    ended_at: textOf(session.get('last_updated')),
    messages: [...first, ...lines.map(messageOf)],
    source_meta: {
      record_count: lines.length,
      session_format: 'cli_session_log',
      available_tool_count: tools.length,
      available_tool_names: wordsOf(tools.map(nameOfFunction)),
      finish_reasons: wordsOf(lines.map((line) => line.get('finish_reason'))),
      model: session.get('model'),
      base_url: session.get('base_url'),
      platform: session.get('platform'),
      has_system_prompt: first.length > 0 ? true : undefined,
      system_prompt_chars: first.length > 0 ? Array.from(prompt ?? '').length : undefined,
      tools:
        tools.length === 0
          ? undefined
          : stringifyJson(tools, { spaced: true, sorted: true, ascii: true }),
    },
  }
}

const roles = ['system', 'user', 'assistant', 'tool'] as const

function messageOf(line: Fields, at: number): Message {
  const role = roles.find((known) => known === line.get('role'))
  if (role === undefined) {
    throw new MalformedRollout(
      `message ${at + 1} has the role ${textOf(line.get('role')) ?? 'null'}`,
    )
  }
  const content = blocksOf(line.get('content'))
  const calls = objectsOf(line.get('tool_calls')).map((call) => {
    const wanted = call.get('function')
    const given = isObject(wanted) ? wanted.get('arguments') : undefined
    const id = textOf(call.get('id')) ?? wordIn(call, 'call_id')
    return { id, name: nameOfFunction(call) ?? '', arguments: argumentsOf(given) }
  })
  const callId = textOf(line.get('tool_call_id'))
  return {
    role,
    content: content.length > 0 ? content : [textBlock('')],
    reasoning: wordIn(line, 'reasoning'),
    calls,
    ...(role === 'tool' ? { callId: callId ?? '' } : {}),
  }
}

function namesOfCalls(line: Fields): (string | undefined)[] {
  return objectsOf(line.get('tool_calls')).map(nameOfFunction)
}

function nameOfFunction(tool: Fields): string | undefined {
  const wanted = tool.get('function')
  return textOf(isObject(wanted) ? wanted.get('name') : tool.get('name')) ?? undefined
}
