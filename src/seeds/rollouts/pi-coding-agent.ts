import { defineRolloutFormat } from './rollout-format.ts'
import {
  answerOf,
  argumentsOf,
  blocksOf,
  type Fields,
  isObject,
  MalformedRollout,
  type Message,
  plainText,
  spanOf,
  textBlock,
  textOf,
  wordIn,
  wordsOf,
} from './rollout.ts'

/** Sessions of Pi: a tree of entries, of which the branch of the last one is read. */
export const piCodingAgent = defineRolloutFormat({
  name: 'pi_coding_agent',
  path: '~/.pi/agent/sessions',
  pattern: '*.jsonl',
  isRead: ({ name }) => name.endsWith('.jsonl'),
  read({ records, stem }) {
    const [head, ...entries] = records
    if (head?.get('type') !== 'session') {
      throw new MalformedRollout('it does not begin with an entry of the type session')
    }
    const branch = branchOf(entries)
    const id = textOf(head.get('id')) ?? stem
    const said = branch.map((entry) => entry.get('message')).filter(isObject)
    const shells = said.filter((message) => message.get('role') === 'bashExecution').length
    const stamps = records.map((record) => record.get('timestamp'))
    return [
      {
        trace_id: id,
        root_session_id: id,
        cwd: textOf(head.get('cwd')),
        ...spanOf(stamps),
        messages: branch.flatMap(messagesOf),
        source_meta: {
          record_count: records.length,
          entry_types: wordsOf(entries.map((entry) => entry.get('type'))),
          stop_reasons: wordsOf(said.map((message) => message.get('stopReason'))),
          session_version: head.get('version'),
          models_used: wordsOf([
            ...entries
              .filter((entry) => entry.get('type') === 'model_change')
              .map((entry) => entry.get('modelId')),
            ...said.map((message) => message.get('model')),
          ]),
          bash_execution_count: shells > 0 ? shells : undefined,
          parent_session: head.get('parentSession'),
          has_branches: branch.length < entries.length ? true : undefined,
        },
      },
    ]
  },
})

function branchOf(entries: readonly Fields[]): readonly Fields[] {
  const byId = new Map(entries.map((entry) => [entry.get('id'), entry]))
  const branch = new Set<Fields>()
  for (let entry = entries.at(-1); entry !== undefined && !branch.has(entry);) {
    branch.add(entry)
    const parent = entry.get('parentId') ?? null
    entry = parent === null ? undefined : byId.get(parent)
  }
  return [...branch].toReversed()
}

/** How it writes a call of a tool. */
const toolUse = { call: 'toolCall', input: 'arguments' }

function messagesOf(entry: Fields): Message[] {
  switch (entry.get('type')) {
    case 'message': {
      const message = entry.get('message')
      if (!isObject(message)) throw new MalformedRollout('an entry of the type message has none')
      return spoken(message, wordIn(entry, 'id'))
    }
    case 'compaction':
    case 'branch_summary':
      return [{ role: 'system', content: blocksOf(entry.get('summary')) }]
    case 'custom_message':
      return [{ role: 'system', content: blocksOf(entry.get('content')) }]
    default:
      return []
  }
}

function spoken(message: Fields, id: string): Message[] {
  const blocks = blocksOf(message.get('content'))
  switch (message.get('role')) {
    case 'user':
      return [{ role: 'user', content: blocks }]
    case 'assistant':
      return [answerOf(blocks, toolUse)]
    case 'toolResult':
      return [{ role: 'tool', content: blocks, callId: wordIn(message, 'toolCallId') }]
    case 'bashExecution': {
      const callId = `bash_${id}`
      const given = argumentsOf(new Map([['command', message.get('command') ?? '']]))
      const exit = message.get('exitCode') ?? null
      const output = plainText(message.get('output') ?? '')
      return [
        {
          role: 'assistant',
          content: [textBlock('')],
          calls: [{ id: callId, name: 'bash', arguments: given }],
        },
        {
          role: 'tool',
          content: [
            textBlock(exit === null ? output : `${output}\n[exit code: ${plainText(exit)}]`),
          ],
          callId,
        },
      ]
    }
    default:
      return [{ role: 'system', content: blocks }]
  }
}
