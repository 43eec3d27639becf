/** The model of a body and what it asks: the last user message, inputs, or the prompt of an image. */
export function promptOfBody(text: string): { model: string; prompt: string } {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // A form, or nothing: what a script makes of an unreadable body is its business; it has the text.
    return { model: fieldOfForm(text, 'model') ?? '', prompt: fieldOfForm(text, 'prompt') ?? '' }
  }
  // Only clients of ours come here; a body of another shape shows as an empty prompt.
  const { model, messages, input, prompt } = body as Record<string, unknown>
  const list = Array.isArray(messages) ? (messages as { role?: unknown; content?: unknown }[]) : []
  const message = list.findLast(({ role }) => role === 'user') ?? list.at(-1)
  return {
    model: typeof model === 'string' ? model : '',
    prompt: messages === undefined ? textsOf(input ?? prompt) : contentOf(message?.content),
  }
}

/** A field of a form with files. */
export function fieldOfForm(text: string, name: string): string | null {
  const start = `form-data; name="${name}"\r\n\r\n`
  const at = text.indexOf(start)
  if (at < 0) return null
  const end = text.indexOf('\r\n--', at + start.length)
  return text.slice(at + start.length, end < 0 ? undefined : end)
}

function textsOf(texts: unknown): string {
  if (typeof texts === 'string') return texts
  return Array.isArray(texts) ? texts.join('\n') : ''
}

function contentOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as { text?: unknown }[])
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('')
}

/** Words as `split(/\s+/)` counts them, without making them. */
export function wordsIn(text: string): number {
  let count = 0
  let inside = false
  for (let at = 0; at < text.length; at++) {
    const space = text.charCodeAt(at) <= 0x20
    if (!space && !inside) count++
    inside = !space
  }
  return count
}
