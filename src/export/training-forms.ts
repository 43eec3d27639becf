import type { RecordColumn } from '../graph/processor-kind.ts'
import { RowsmithError } from '../util/errors.ts'
import { stringifyJson } from '../util/json.ts'
import { nearest } from '../util/near-miss.ts'
import type { Value } from '../util/value.ts'
import { chatMessage, isMessages, sharedMessages } from './chat-messages.ts'
import type { Exporter } from './define.ts'
import type { RecordValues } from './records.ts'

/** Where the fields of a form come from: a column, or a field of one such as `ticket.subject`. */
export type FieldMap = Readonly<Record<string, string>>

type Fields = ReadonlyMap<string, Value>

interface TrainingForm {
  required: readonly string[]
  optional: readonly string[]
  /** Can stand for all of the others: a list of messages. */
  list: string | null
  make(fields: Fields): Value
}

/** The forms of records that tools for fine-tuning read; each is a JSON object a line. */
const forms: Readonly<Record<string, TrainingForm>> = {
  chat: {
    required: ['user', 'assistant'],
    optional: ['system'],
    list: 'messages',
    make: (fields) => new Map([['messages', messagesOf(fields)]]),
  },
  sharegpt: {
    required: ['user', 'assistant'],
    optional: ['system'],
    list: 'messages',
    make: (fields) => new Map([['conversations', messagesOf(fields).flatMap(sharedMessages)]]),
  },
  alpaca: {
    required: ['instruction', 'output'],
    optional: ['input'],
    list: null,
    make: (fields) =>
      new Map(['instruction', 'input', 'output'].map((name) => [name, fields.get(name) ?? ''])),
  },
  dpo: {
    required: ['prompt', 'chosen', 'rejected'],
    optional: [],
    list: null,
    make: (fields) =>
      new Map(
        [...fields].map(([name, value]) => [
          name,
          isMessages(value) ? value.map(chatMessage) : value,
        ]),
      ),
  },
}

export const trainingFormNames: readonly string[] = Object.keys(forms)

/** Writes records in one of these forms. A field without a place in the map is the column of its name. */
export function trainingExporter(
  name: string,
  columns: readonly RecordColumn[],
  map: FieldMap,
): Exporter {
  const form = forms[name]
  if (form === undefined) throw new Error(`there is no form ${name}`)
  const paths = pathsOf(name, form, { names: columns.map((column) => column.name), map })
  let written = 0
  return {
    name,
    endings: ['.jsonl'],
    header: () => null,
    line(record) {
      written += 1
      const fields = new Map<string, Value>()
      for (const [field, path] of paths) {
        const value = valueAt(record, path)
        if (field === form.list && !isMessages(value)) throw noMessages(written, path, value)
        if (value !== null) fields.set(field, value)
        else if (!form.optional.includes(field)) throw lacking(written, field, path, record)
      }
      return stringifyJson(form.make(fields))
    },
  }
}

/** Where each field is read, as names from the column on. */
function pathsOf(
  format: string,
  { required, optional, list }: TrainingForm,
  { names, map }: { names: readonly string[]; map: FieldMap },
): Map<string, string[]> {
  const known = [...required, ...optional, ...(list === null ? [] : [list])]
  const strange = Object.keys(map).find((field) => !known.includes(field))
  if (strange !== undefined) throw unknown(`${format} has no field '${strange}'`, strange, known)
  const has = (field: string): boolean => field in map || names.includes(field)
  const wanted = list !== null && has(list) ? [list] : [...required, ...optional.filter(has)]
  return new Map(
    wanted.map((field) => {
      const path = (map[field] ?? field).split('.')
      const [column = ''] = path
      if (names.includes(column)) return [field, path]
      throw unknown(
        field in map
          ? `the map reads '${column}' for '${field}', but there is no such column`
          : `${format} needs '${field}', and no column has that name`,
        column,
        names,
      )
    }),
  )
}

function unknown(message: string, word: string, known: readonly string[]): RowsmithError {
  const meant = nearest(word, known)
  return new RowsmithError('usage', message, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean '${meant}'?`]),
      `There are ${known.join(', ')}. A map says which column is which field: --map map.yaml.`,
    ],
  })
}

function lacking(
  number: number,
  field: string,
  path: readonly string[],
  record: RecordValues,
): RowsmithError {
  const [last = ''] = path.slice(-1)
  const around = path.length > 1 ? valueAt(record, path.slice(0, -1)) : null
  const names = around instanceof Map ? [...(around as Fields).keys()] : []
  const meant = names.includes(last) ? undefined : nearest(last, names)
  return new RowsmithError(
    'usage',
    `record ${number} has no value in ${path.join('.')}, which '${field}' reads`,
    {
      hints: [
        meant === undefined
          ? 'Leave such rows out with a filter, or read another column.'
          : `Did you mean ${[...path.slice(0, -1), meant].join('.')}?`,
      ],
    },
  )
}

function noMessages(number: number, path: readonly string[], value: Value): RowsmithError {
  const what = value === null ? 'has no value' : 'has no list of {role, content}'
  return new RowsmithError(
    'usage',
    `record ${number} ${what} in ${path.join('.')}, which 'messages' reads`,
    {
      hints: [
        'Map user and assistant to columns of texts, or messages to a column with a conversation.',
      ],
    },
  )
}

function valueAt(record: RecordValues, path: readonly string[]): Value {
  let current: Value = record
  for (const step of path) {
    if (!(current instanceof Map)) return null
    current = (current as ReadonlyMap<string, Value>).get(step) ?? null
  }
  return current
}

function messagesOf(fields: Fields): readonly ReadonlyMap<string, Value>[] {
  const list = fields.get('messages') ?? null
  if (isMessages(list)) return list.map(chatMessage)
  return ['system', 'user', 'assistant'].flatMap((role) => {
    const content = fields.get(role)
    return content === undefined
      ? []
      : [
          new Map<string, Value>([
            ['role', role],
            ['content', content],
          ]),
        ]
  })
}
