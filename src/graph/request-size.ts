import type { Content, ModelRequest } from './request.ts'

/** About what an image or a sound costs in tokens, as characters of text. */
const MEDIA_CHARACTERS = 4_000

/**
 * The size of a request, in characters of text: token limits use it until replies have shown how many
 * tokens a character has. A provider with a better estimate has its own `sizeOf`.
 */
export function charactersOf(request: ModelRequest): number {
  let characters = 0
  if (request.operation === 'validate') return request.body.length
  if (request.operation === 'call') return JSON.stringify(request.input).length
  if (request.operation === 'image') return charactersIn(request.prompt)
  if (request.operation === 'embed') {
    for (const input of request.inputs) characters += charactersIn(input)
    return characters
  }
  for (const { content } of request.messages) characters += charactersIn(content)
  if (request.format !== undefined) characters += JSON.stringify(request.format.schema).length
  for (const tool of request.tools ?? []) characters += JSON.stringify(tool).length
  return characters
}

function charactersIn(content: readonly Content[]): number {
  let characters = 0
  for (const block of content) {
    switch (block.type) {
      case 'text':
        characters += block.text.length
        break
      case 'media':
        characters += MEDIA_CHARACTERS
        break
      case 'tool-call':
        characters += block.name.length + block.arguments.length
        break
      case 'tool-result':
        characters += charactersIn(block.content)
        break
    }
  }
  return characters
}
