import { createHash } from 'node:crypto'

/** What a provider keeps of prompts, and counts when it comes again. */
export interface PrefixCache {
  /** A request comes: its usage, and what is to be done once it is answered. */
  begin(path: string, body: string): { usage: Record<string, unknown>; keep: () => void }
}

const CHARACTERS_PER_TOKEN = 4
/** Prompts are kept in pieces of so many tokens, as most servers do. */
const PIECE = 16 * CHARACTERS_PER_TOKEN
/** Shorter beginnings are not kept. */
const LEAST_TOKENS = 256

interface Block {
  text: string
  /** Anthropic keeps what is sent up to such a block, and nothing else. */
  isMarked: boolean
}

export function createPrefixCache(): PrefixCache {
  const known = new Set<string>()

  function openai(text: string): ReturnType<PrefixCache['begin']> {
    const pieces = Math.floor(text.length / PIECE)
    const keys = Array.from({ length: pieces }, (_, at) => hashOf(text.slice(0, (at + 1) * PIECE)))
    const hits = keys.findIndex((key) => !known.has(key))
    const cached = ((hits < 0 ? pieces : hits) * PIECE) / CHARACTERS_PER_TOKEN
    return {
      usage: {
        prompt_tokens: tokensOf(text),
        completion_tokens: 10,
        prompt_tokens_details: { cached_tokens: cached >= LEAST_TOKENS ? cached : 0 },
      },
      keep: () => {
        for (const key of keys) known.add(key)
      },
    }
  }

  function anthropic(blocks: readonly Block[]): ReturnType<PrefixCache['begin']> {
    let text = ''
    let read = 0
    let written = 0
    const keys: string[] = []
    for (const block of blocks) {
      text += block.text
      if (!block.isMarked || tokensOf(text) < LEAST_TOKENS) continue
      const key = hashOf(text)
      if (known.has(key)) read = tokensOf(text)
      else written = tokensOf(text) - read
      keys.push(key)
    }
    return {
      usage: {
        input_tokens: tokensOf(text) - read - written,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: written,
        output_tokens: 10,
      },
      keep: () => {
        for (const key of keys) known.add(key)
      },
    }
  }

  return {
    begin(path, body) {
      const blocks = blocksOf(JSON.parse(body))
      if (path.endsWith('/messages')) return anthropic(blocks)
      return openai(blocks.map(({ text }) => text).join('\n'))
    },
  }
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** What is said, in order; only clients of ours come here. */
function blocksOf(body: unknown): Block[] {
  const { system, messages } = body as {
    system?: string | Written[]
    messages: { content: string | Written[] }[]
  }
  const said = [
    ...(system === undefined ? [] : [system]),
    ...messages.map(({ content }) => content),
  ]
  return said.flatMap((content) =>
    typeof content === 'string'
      ? [{ text: content, isMarked: false }]
      : content.map(({ text, cache_control, ...media }) => ({
          // What is not text counts by its characters.
          text: text ?? JSON.stringify(media),
          isMarked: cache_control !== undefined,
        })),
  )
}

interface Written {
  text?: string
  cache_control?: object
}
