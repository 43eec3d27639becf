import { isListedAt } from '../columns/schema-fields.ts'
import { objectOf } from '../columns/schema-nodes.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type { SampledTexts } from '../profile/text-figures.ts'
import type { Value } from '../util/value.ts'
import { type RecordFiles, sampleRecords } from './sample-records.ts'

/** Records whose texts are compared, and their characters: of one column, and of all. */
const mostRecords = 10_000
const mostCharacters = 3_000_000
const mostInAll = 12_000_000
/** Fields of a column's values that are looked at. */
const mostFields = 12
/** Lists and objects inside of each other that are looked into. */
const mostDepth = 8

/** A column of texts, or of values with texts, that models write. */
interface TextColumn {
  name: string
  type: ColumnType
  /** The form of its values, where the config has one. */
  form: Readonly<Record<string, unknown>> | null
}

/** Texts that models wrote, column by column, of at most so many records as can be compared in a few seconds. */
export async function* sampleTexts(
  files: RecordFiles,
  types: ReadonlyMap<string, ColumnType>,
  graph: Graph,
): AsyncGenerator<SampledTexts> {
  const columns = textColumns(graph, types)
  const most = Math.min(mostCharacters, Math.floor(mostInAll / Math.max(1, columns.length)))
  for (const { name, type, form } of columns) {
    const collector = createCollector(most, form)
    for await (const { values } of sampleRecords(files, new Map([[name, type]]), mostRecords)) {
      collector.add(values.get(name) ?? null)
    }
    for (const { place, texts, isListed } of collector.all()) {
      if (texts.length > 0)
        yield { column: name, field: place === '' ? null : place, texts, isListed }
    }
  }
}

/** Texts of judges are about the scores, which are counted. */
function textColumns(graph: Graph, types: ReadonlyMap<string, ColumnType>): TextColumn[] {
  return [...types].flatMap(([name, type]) => {
    const column = graph.columns[graph.byName.get(name) ?? -1]
    if (column === undefined || (type !== 'string' && type !== 'json')) return []
    const { producer, scores, routes } = column
    const isWritten = routes.some(({ operation }) => operation === 'chat')
    if (producer !== null || scores.length > 0 || !isWritten) return []
    return [{ name, type, form: formOf(column) }]
  })
}

function formOf({ config }: GraphColumn): TextColumn['form'] {
  return objectOf('output_format' in config ? config.output_format : null) ?? null
}

interface Collector {
  add(value: Value): void
  all(): ({ place: string } & Pick<Field, 'texts' | 'isListed'>)[]
}

interface Field {
  texts: string[]
  /** Number of texts seen. */
  seen: number
  isListed: boolean
}

/** Keeps texts by their place in the values: every one, or every second, fourth… where they are too long. */
function createCollector(most: number, form: TextColumn['form']): Collector {
  const fields = new Map<string, Field>()
  let characters = 0
  let stride = 1

  function fieldAt(place: readonly (string | null)[]): Field | null {
    const name = nameOf(place)
    const found = fields.get(name)
    if (found !== undefined) return found
    if (fields.size >= mostFields) return null
    const isListed = form !== null && isListedAt(form, place)
    const made: Field = { texts: [], seen: 0, isListed }
    fields.set(name, made)
    return made
  }

  function addText(text: string, place: readonly (string | null)[]): void {
    const field = fieldAt(place)
    if (field === null || text.trim() === '') return
    field.seen += 1
    if ((field.seen - 1) % stride !== 0) return
    field.texts.push(text)
    characters += text.length
    if (characters > most) thin()
  }

  /** What stays is what would have been kept with the larger stride from the beginning. */
  function thin(): void {
    stride *= 2
    characters = 0
    for (const field of fields.values()) {
      field.texts = field.texts.filter((_, at) => at % 2 === 0)
      for (const { length } of field.texts) characters += length
    }
  }

  function addValue(value: Value, place: readonly (string | null)[]): void {
    if (typeof value === 'string') addText(value, place)
    else if (place.length >= mostDepth) return
    else if (Array.isArray(value)) {
      for (const item of value as readonly Value[]) addValue(item, [...place, null])
    } else if (value instanceof Map) {
      for (const [key, inner] of value as ReadonlyMap<string, Value>) {
        addValue(inner, [...place, key])
      }
    }
  }

  return {
    add: (value) => addValue(value, []),
    all: () => [...fields].map(([place, { texts, isListed }]) => ({ place, texts, isListed })),
  }
}

/** `product.name`, `messages[].content`. */
function nameOf(place: readonly (string | null)[]): string {
  return place.map((step, at) => (step === null ? '[]' : `${at === 0 ? '' : '.'}${step}`)).join('')
}
