import type { BindContext, Row } from '../graph/kind.ts'
import { type ChatMessage, textOf } from '../graph/request.ts'
import { parseTemplate } from '../templates/parse-template.ts'

/** Characters from which on a value is likely to be a document that several rows ask about. */
const LONG = 2_000
/** Providers keep few marks of a request. */
const MOST_ENDS = 3

/** Where the long values in a prompt end, in a row: what stands before is likely to be sent again. */
export function bindSharedEnds(
  source: string,
  context: BindContext,
): (messages: readonly ChatMessage[], row: Row) => readonly number[] {
  const read = parseTemplate(source).references.filter(({ name }) => context.refersTo(name))
  const ids = [...new Set(read.map(({ name }) => context.columnId(name)))]
  return (messages, row) => {
    const prompt = messages.find(({ role }) => role === 'user')
    const text = prompt === undefined ? '' : textOf(prompt.content)
    const ends = new Set<number>()
    for (const id of ids) {
      const value = row.get(id)
      if (typeof value !== 'string' || value.length < LONG) continue
      const at = text.indexOf(value)
      if (at >= 0) ends.add(at + value.length)
    }
    return [...ends].toSorted((one, other) => one - other).slice(0, MOST_ENDS)
  }
}
