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
  spanOf,
  textOf,
  wordIn,
} from './rollout.ts'

/** Trajectories in the Agent Trajectory Interchange Format: one JSON object a file. */
export const atif = defineRolloutFormat({
  name: 'atif',
  path: null,
  pattern: '*.json',
  isRead: ({ name }) => name.endsWith('.json'),
  read({ records }) {
    const [file = new Map<string, Value>()] = records
    const version = wordIn(file, 'schema_version')
    if (version === '') throw new MalformedRollout('it has no schema_version')
    const id = wordIn(file, 'session_id')
    if (id === '') throw new MalformedRollout('it has no session_id')
    const steps = objectsOf(file.get('steps'))
    if (steps.length === 0) throw new MalformedRollout('it has no steps')
    const agent = file.get('agent')
    const stamps = steps.map((step) => step.get('timestamp'))
    return [
      {
        trace_id: id,
        root_session_id: id,
        ...spanOf(stamps),
        messages: steps.flatMap(messagesOf),
        source_meta: {
          schema_version: version,
          step_count: steps.length,
          agent_name: isObject(agent) ? agent.get('name') : undefined,
          version: isObject(agent) ? agent.get('version') : undefined,
          model_name: isObject(agent) ? agent.get('model_name') : undefined,
          notes: file.get('notes'),
          final_metrics: file.get('final_metrics'),
          extra: file.get('extra'),
        },
      },
    ]
  },
})

const roles = { system: 'system', user: 'user', agent: 'assistant' } as const

function messagesOf(step: Fields, at: number): Message[] {
  const source = wordIn(step, 'source')
  if (source !== 'system' && source !== 'user' && source !== 'agent') {
    throw new MalformedRollout(`step ${at + 1} has the source '${source}'`)
  }
  const calls = objectsOf(step.get('tool_calls')).map((call) => ({
    id: wordIn(call, 'tool_call_id'),
    name: wordIn(call, 'function_name'),
    arguments: argumentsOf(call.get('arguments')),
  }))
  const observation = step.get('observation')
  const results = isObject(observation) ? objectsOf(observation.get('results')) : []
  return [
    {
      role: roles[source],
      content: blocksOf(step.get('message')),
      reasoning: wordIn(step, 'reasoning_content'),
      calls,
    },
    ...results.map((result): Message => {
      const content = blocksOf(result.get('content'))
      const callId = textOf(result.get('source_call_id'))
      // A result without a call is from the environment.
      return callId === null ? { role: 'system', content } : { role: 'tool', content, callId }
    }),
  ]
}
