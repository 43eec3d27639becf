import type { ModelConfig } from '../config/dataset.ts'
import type { BindContext, Row } from '../graph/kind.ts'
import type { ChatMessage, ChatRequest } from '../graph/request.ts'
import { parseTemplate } from '../templates/parse-template.ts'

/** What of a request those of other rows may begin with as well. */
export type SharedBeginning = Pick<ChatRequest, 'sharedEnds' | 'sharedMedia'>

/** Characters from which on a value is likely to be a document that several rows ask about. */
const LONG = 2_000
/** Providers keep few marks of a request. */
const MOST_MARKS = 3

const nothingShared: SharedBeginning = {}

/** Whether it matters to a model's requests that they begin alike. */
export function keepsPrefixes({ cache_prompt: isMarked, pool }: ModelConfig): boolean {
  return isMarked === true || (pool !== undefined && pool.length > 1)
}

/** Of a prompt's template: its media in front, and its text up to the end of each long value. */
export function bindSharedBeginning(
  source: string,
  context: BindContext,
): (messages: readonly ChatMessage[], row: Row) => SharedBeginning {
  const read = parseTemplate(source).references.filter(({ name }) => context.refersTo(name))
  const ids = [...new Set(read.map(({ name }) => context.columnId(name)))]
  return (messages, row) =>
    sharedBeginning(
      messages,
      ids.map((id) => row.get(id)),
    )
}

/** The same of any messages, by the values that they were made of. */
export function sharedBeginning(
  messages: readonly ChatMessage[],
  values: readonly unknown[],
): SharedBeginning {
  const content = messages.find(({ role }) => role === 'user')?.content ?? []
  const found = content.findIndex(({ type }) => type !== 'media')
  const media = found < 0 ? content.length : found
  const [block, ...others] = content.slice(media)
  // Offsets are those of one text.
  const text = block?.type === 'text' && others.length === 0 ? block.text : ''
  const ends = endsOf(text, values).slice(0, MOST_MARKS - Math.min(1, media))
  if (media === 0 && ends.length === 0) return nothingShared
  return {
    ...(ends.length === 0 ? {} : { sharedEnds: ends }),
    ...(media === 0 ? {} : { sharedMedia: media }),
  }
}

function endsOf(text: string, values: readonly unknown[]): number[] {
  const ends = new Set<number>()
  for (const value of values) {
    if (typeof value !== 'string' || value.length < LONG) continue
    const at = text.indexOf(value)
    if (at >= 0) ends.add(at + value.length)
  }
  return [...ends].toSorted((one, other) => one - other)
}
