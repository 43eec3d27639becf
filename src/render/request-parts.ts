import { type ModelRequest, textOf } from '../graph/request.ts'

/** A text that a model is asked with: a message by its role, or `input`, `prompt` or `body`. */
export interface RequestPart {
  field: string
  text: string
}

/** What a request says: each message by its role, inputs, or a prompt. */
export function requestParts(request: ModelRequest): RequestPart[] {
  if (request.operation === 'image') return [{ field: 'prompt', text: textOf(request.prompt) }]
  if (request.operation === 'validate') return [{ field: 'body', text: request.body }]
  if (request.operation === 'call')
    return [{ field: request.tool, text: JSON.stringify(request.input) }]
  if (request.operation === 'embed') {
    return request.inputs.map((input) => ({ field: 'input', text: textOf(input) }))
  }
  return request.messages.map(({ role, content }) => ({ field: role, text: textOf(content) }))
}
