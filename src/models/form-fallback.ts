import type { ModelReply, ModelRequest } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import type { ModelTarget } from './provider.ts'

type Send = (target: ModelTarget, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>

/**
 * Sends without the form of the answer to models that refuse to be held to it, once one has: whoever
 * asks for a form says so in the prompt, too, and there that has to do.
 */
export function withFormFallback(send: Send): Send {
  const formless = new Set<string>()
  return async (target, request, signal) => {
    if (request.operation !== 'chat' || request.format === undefined) {
      return send(target, request, signal)
    }
    const { format: _format, ...plain } = request
    if (formless.has(target.model)) return send(target, plain, signal)
    try {
      return await send(target, request, signal)
    } catch (error) {
      if (!refusesForm(error)) throw error
      formless.add(target.model)
      return send(target, plain, signal)
    }
  }
}

const wordsOfForms =
  /response_?format|json_?schema|json schema|structured.?output|guided|grammar|tool_choice|\btools?\b/i

/** Whether a refusal is about the form that the answer has to have. */
function refusesForm(error: unknown): boolean {
  if (!(error instanceof RequestError)) return false
  const { kind } = error.problem
  return (
    (kind === 'refused' || kind === 'suspect') && wordsOfForms.test(error.detail ?? error.message)
  )
}
