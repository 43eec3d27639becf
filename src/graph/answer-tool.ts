import type { ModelReply, ModelRequest } from './request.ts'

/** A reply in which a call of the tool that stands for the answer is the answer's text. */
export function withAnswerText(reply: ModelReply, request: ModelRequest): ModelReply {
  if (request.operation !== 'chat' || request.format === undefined) return reply
  const { name } = request.format
  const content = reply.content.flatMap((block) =>
    block.type === 'tool-call' && block.name === name
      ? [{ type: 'text' as const, text: block.arguments }]
      : [],
  )
  if (content.length === 0) return reply
  const { finishReason } = reply
  return { ...reply, content, finishReason: finishReason === 'tool_calls' ? 'stop' : finishReason }
}
