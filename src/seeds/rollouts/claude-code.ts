import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../../threads/system-error.ts'
import { JsonSyntaxError, parseJson } from '../../util/json.ts'
import type { Value } from '../../util/value.ts'
import { defineRolloutFormat } from './rollout-format.ts'
import {
  answerOf,
  blocksOf,
  type Fields,
  firstText,
  isObject,
  MalformedRollout,
  type Message,
  objectsOf,
  spanOf,
  textOf,
  wordIn,
  wordsOf,
} from './rollout.ts'

const indexName = 'sessions-index.json'

/** Sessions of Claude Code: a record a line, those of subagents in files of their own. */
export const claudeCode = defineRolloutFormat({
  name: 'claude_code',
  path: '~/.claude/projects',
  pattern: '*.jsonl',
  isRead: ({ name, relativePath }) =>
    name.endsWith('.jsonl') &&
    name !== 'history.jsonl' &&
    !relativePath.split('/').slice(0, -1).includes('tool-results'),
  beside: indexName,
  async read({ records, stem, folder }) {
    const session = firstText(records, 'sessionId')
    const root = session ?? stem
    const agent = firstText(records, 'agentId')
    const index = await sessionOf(folder, root)
    const stamps = records.map((record) => record.get('timestamp'))
    return [
      {
        trace_id: agent === null ? root : `${root}:${agent}`,
        root_session_id: root,
        agent_id: agent,
        is_sidechain: records.some((record) => record.get('isSidechain') === true),
        cwd: firstText(records, 'cwd'),
        project_path: textOf(index?.get('projectPath')) ?? firstText(records, 'cwd'),
        git_branch: firstText(records, 'gitBranch'),
        ...spanOf(stamps),
        messages: records.flatMap(messagesOf),
        source_meta: {
          record_count: records.length,
          record_types: wordsOf(records.map((record) => record.get('type'))),
          claude_versions: orNothing(wordsOf(records.map((record) => record.get('version')))),
          summary: index?.get('summary'),
          first_prompt: index?.get('firstPrompt'),
        },
      },
    ]
  },
})

function orNothing(words: string[]): string[] | undefined {
  return words.length === 0 ? undefined : words
}

/** How it writes a call of a tool. */
const toolUse = { call: 'tool_use', input: 'input' }

function messagesOf(record: Fields): Message[] {
  const type = record.get('type')
  if (type !== 'user' && type !== 'assistant') return []
  const message = record.get('message')
  if (!isObject(message)) throw new MalformedRollout(`a record of the ${type} has no message`)
  const blocks = blocksOf(message.get('content'))
  const messages = type === 'user' ? fromUser(blocks) : [answerOf(blocks, toolUse)]
  return messages.filter(
    ({ content, calls = [], reasoning = '', callId }) =>
      content.length > 0 || calls.length > 0 || reasoning !== '' || callId !== undefined,
  )
}

/** Results stand behind the calls they answer, before what the user says next to them. */
function fromUser(blocks: readonly Value[]): Message[] {
  const results = objectsOf([...blocks]).filter((block) => block.get('type') === 'tool_result')
  const others = blocks.filter((block) => !isObject(block) || block.get('type') !== 'tool_result')
  return [
    ...results.map((block): Message => ({
      role: 'tool',
      content: blocksOf(block.get('content')),
      callId: wordIn(block, 'tool_use_id'),
    })),
    { role: 'user', content: others },
  ]
}

/** What the list of sessions next to the files says of one. */
async function sessionOf(folder: string, session: string): Promise<Fields | undefined> {
  let text: string
  try {
    text = await readFile(join(folder, indexName), 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const index = parseJson(text)
    const entries = isObject(index) ? objectsOf(index.get('entries')) : []
    return entries.find((entry) => entry.get('sessionId') === session)
  } catch (error) {
    // It is only in addition to the sessions, and they are read without it.
    if (error instanceof JsonSyntaxError) return undefined
    throw error
  }
}
