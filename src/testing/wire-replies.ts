import { createHash } from 'node:crypto'
import { fieldOfForm, wordsIn } from './answer-text.ts'

/** What a reply is made of, by whatever protocol. */
export interface WireReply {
  model: string
  /** What was asked. */
  prompt: string
  text: string
  /** The body as sent. */
  body: string
  finishReason?: string
  usage?: Record<string, unknown>
  /** Fields put over the reply's message. */
  message?: Record<string, unknown>
}

/** A good reply to what was sent to a path, or null for a path that is not served. */
export function wireReply(path: string, reply: WireReply): string | null {
  if (path.endsWith('/chat/completions')) return chatReply(reply)
  if (path.endsWith('/embeddings')) return embeddingsReply(reply)
  if (/\/images\/(?:generations|edits)$/.test(path)) return imagesReply(reply)
  return path.endsWith('/messages') ? messagesReply(reply) : null
}

function chatReply({ model, prompt, text, message, usage, finishReason }: WireReply): string {
  if (message !== undefined || usage !== undefined) {
    return JSON.stringify({
      id: 'chatcmpl-0',
      object: 'chat.completion',
      model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: text, ...message },
          finish_reason: finishReason ?? 'stop',
        },
      ],
      usage: usage ?? {
        prompt_tokens: wordsIn(prompt),
        completion_tokens: wordsIn(text),
      },
    })
  }
  const input = wordsIn(prompt)
  const output = wordsIn(text)
  // Put together by hand: the server shares its core with what it measures.
  return `{"id":"chatcmpl-0","object":"chat.completion","model":${JSON.stringify(model)},"choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(text)}},"finish_reason":"${finishReason ?? 'stop'}"}],"usage":{"prompt_tokens":${input},"completion_tokens":${output},"total_tokens":${input + output}}}`
}

const DEFAULT_DIMENSIONS = 8

/** Vectors that depend on their input and on nothing else. */
function embeddingsReply({ model, body, prompt, usage }: WireReply): string {
  // Only clients of ours come here.
  const sent = JSON.parse(body) as {
    input: string | string[]
    dimensions?: number
    encoding_format?: string
  }
  const inputs = typeof sent.input === 'string' ? [sent.input] : sent.input
  const data = inputs.map((input, index) => {
    const vector = testVector(input, sent.dimensions ?? DEFAULT_DIMENSIONS)
    const embedding =
      sent.encoding_format === 'base64'
        ? Buffer.from(vector.buffer).toString('base64')
        : [...vector]
    return { object: 'embedding', index, embedding }
  })
  const tokens = wordsIn(prompt)
  return JSON.stringify({
    object: 'list',
    model,
    data,
    usage: usage ?? { prompt_tokens: tokens, total_tokens: tokens },
  })
}

/** The vector the server gives for a text: whole 256ths from -0.5 to 0.5. */
export function testVector(input: string, dimensions: number): Float32Array {
  const bytes = createHash('sha256').update(input).digest()
  return Float32Array.from(
    { length: dimensions },
    (_, at) => (bytes[at % bytes.length] as number) / 256 - 0.5,
  )
}

/** A PNG of one pixel. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** What a model for images adds to a chat that no script has an answer for, by its name. */
export function exampleImage(
  path: string,
  model: string,
  text: string | undefined,
): Record<string, unknown> | undefined {
  if (text !== undefined || !path.endsWith('/chat/completions') || !/image/i.test(model)) {
    return undefined
  }
  return { images: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } }] }
}

function imagesReply({ model, body, usage }: WireReply): string {
  // Only clients of ours come here.
  const n = body.startsWith('{')
    ? ((JSON.parse(body) as { n?: number }).n ?? 1)
    : Number(fieldOfForm(body, 'n') ?? 1)
  return JSON.stringify({
    created: 0,
    model,
    data: Array.from({ length: n }, () => ({ b64_json: pixel })),
    ...(usage === undefined ? {} : { usage }),
  })
}

function messagesReply({ model, prompt, text, message, usage, finishReason }: WireReply): string {
  return JSON.stringify({
    id: 'msg_0',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text }],
    stop_reason: finishReason ?? 'end_turn',
    usage: usage ?? { input_tokens: wordsIn(prompt), output_tokens: wordsIn(text) },
    ...message,
  })
}
