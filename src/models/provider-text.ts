/** What a provider says of a failure. */
export interface ProviderText {
  code: string
  type: string
  text: string
}

/** Finds the words in a body: OpenAI's, FastAPI's, Ollama's form, or plain text and HTML. */
export function providerText(body: string): ProviderText {
  const nothing = { code: '', type: '', text: '' }
  const trimmed = body.trim()
  if (!/^[{["]/.test(trimmed)) return { ...nothing, text: plain(trimmed) }
  let parsed: unknown
  try {
    parsed = JSON.parse(trimmed)
  } catch {
    return { ...nothing, text: plain(trimmed) }
  }
  const root = Array.isArray(parsed) ? (parsed as unknown[])[0] : parsed
  if (!isObject(root)) return { ...nothing, text: plain(trimmed) }
  const { error } = root
  const inner = isObject(error) ? error : root
  const text = [inner['message'], error, root['message'], root['detail']].map(words).find(Boolean)
  return {
    code: word(inner['code']),
    type: word(inner['type']),
    text: plain(text ?? trimmed),
  }
}

function words(value: unknown): string {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return ''
  // FastAPI lists what is wrong; each entry also quotes the input, which is omitted.
  return (value as unknown[])
    .filter(isObject)
    .map((entry) => {
      const place = Array.isArray(entry['loc']) ? `${entry['loc'].join('.')}: ` : ''
      return typeof entry['msg'] === 'string' ? place + entry['msg'] : ''
    })
    .filter(Boolean)
    .join('; ')
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The words of a text or of an HTML page, on one line. */
export function plain(whole: string): string {
  // No one reads further, and the patterns below should not either.
  const text = whole.slice(0, 50_000)
  const stripped = /^<(!doctype|html|head|body)/i.test(text)
    ? text.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
    : text
  return stripped.replace(/\s+/g, ' ').trim()
}

/** Whether a value read from JSON is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
