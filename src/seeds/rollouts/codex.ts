import type { Value } from '../../util/value.ts'
import { defineRolloutFormat } from './rollout-format.ts'
import {
  argumentsOf,
  blocksOf,
  type Fields,
  isObject,
  type Message,
  objectsOf,
  plainText,
  spanOf,
  textBlock,
  textOf,
  wordIn,
  wordsOf,
} from './rollout.ts'

/** Sessions of Codex: lines with a type and a payload. */
export const codex = defineRolloutFormat({
  name: 'codex',
  path: '~/.codex/sessions',
  pattern: '*.jsonl',
  isRead: ({ name }) => name.startsWith('rollout-') && name.endsWith('.jsonl'),
  read({ records, stem }) {
    const items = payloadsOf(records, 'response_item')
    const [meta = new Map<string, Value>()] = payloadsOf(records, 'session_meta')
    const id = textOf(meta.get('id')) ?? stem
    const git = meta.get('git')
    const stamps = [...records.map((record) => record.get('timestamp')), meta.get('timestamp')]
    const span = spanOf(stamps)
    const source = meta.get('source') ?? null
    return [
      {
        trace_id: id,
        root_session_id: id,
        cwd: textOf(meta.get('cwd')),
        git_branch: isObject(git) ? textOf(git.get('branch')) : null,
        ...span,
        started_at: textOf(meta.get('timestamp')) ?? span.started_at,
        messages: messagesOf(items),
        source_meta: {
          record_count: records.length,
          record_types: wordsOf(records.map((record) => record.get('type') ?? 'unknown')),
          response_item_types: wordsOf(items.map((item) => item.get('type'))),
          originator: meta.get('originator'),
          cli_version: meta.get('cli_version'),
          model_provider: meta.get('model_provider'),
          source: source === null ? undefined : plainText(source),
        },
      },
    ]
  },
})

function payloadsOf(records: readonly Fields[], type: string): Map<string, Value>[] {
  return records
    .filter((record) => record.get('type') === type)
    .map((record) => record.get('payload'))
    .filter(isObject)
}

function messagesOf(items: readonly Fields[]): Message[] {
  const messages: Message[] = []
  let thoughts: string[] = []

  function speak(message: Message): void {
    messages.push({ ...message, reasoning: thoughts.join('\n\n') })
    thoughts = []
  }

  for (const item of items) {
    const callId = wordIn(item, 'call_id')
    switch (item.get('type')) {
      case 'message': {
        const message = { role: roleOf(item.get('role')), content: blocksOf(item.get('content')) }
        if (message.role === 'assistant') speak(message)
        else messages.push(message)
        break
      }
      case 'reasoning':
        thoughts.push(...objectsOf(item.get('summary')).map((block) => wordIn(block, 'text')))
        break
      case 'function_call':
      case 'custom_tool_call': {
        const given = item.get('arguments') ?? item.get('input')
        const call = {
          id: callId,
          name: wordIn(item, 'name'),
          arguments: argumentsOf(given),
        }
        speak({ role: 'assistant', content: [textBlock('')], calls: [call] })
        break
      }
      case 'function_call_output':
      case 'custom_tool_call_output': {
        const output = item.get('output')
        const content = Array.isArray(output) ? blocksOf(output) : [textBlock(plainText(output))]
        messages.push({ role: 'tool', content, callId })
        break
      }
      default:
      // Calls without a name or a result, such as of a web search, are no messages.
    }
  }
  return messages
}

function roleOf(role: Value | undefined): 'system' | 'user' | 'assistant' {
  if (role === 'developer' || role === 'system') return 'system'
  return role === 'assistant' ? 'assistant' : 'user'
}
