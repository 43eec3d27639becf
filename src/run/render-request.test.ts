import { expect, test } from 'vitest'
import { z } from 'zod'
import { commonFields } from '../config/common-fields.ts'
import { CellFailure } from '../graph/failure.ts'
import { defineColumn } from '../graph/kind.ts'
import { textMessage } from '../graph/request.ts'
import { toText } from '../templates/values/python-text.ts'
import { listVariables, render } from '../render/render.ts'

const talk = defineColumn({
  type: 'talk',
  schema: z.strictObject({ ...commonFields, column_type: z.literal('talk'), of: z.string() }),
  describe: ({ of }, { path }) => ({
    by: 'cell',
    pure: false,
    output: 'string',
    references: [{ name: of, path: [...path, 'of'] }],
    routes: [{ name: 'm', operation: 'chat', requests: 'many' }],
  }),
  bind: ({ of }, context) => ({
    by: 'cell',
    requests: 'many',
    async run(row, { request }) {
      const about = toText(row.get(context.columnId(of)))
      if (about === 'cats') throw new CellFailure('no-cats', 'no cats here')
      const messages = [textMessage('system', 'Be kind.'), textMessage('user', `About ${about}?`)]
      await request('m', { operation: 'chat', messages })
      return { value: 'never' }
    },
  }),
})

function config(of: string) {
  return {
    config: {
      model_providers: [{ name: 'local', endpoint: 'http://127.0.0.1:9/v1' }],
      model_configs: [{ alias: 'm', provider: 'local', model: 'test' }],
      columns: [
        { name: 'dogs', column_type: 'expression', expr: 'dogs' },
        { name: 'cats', column_type: 'expression', expr: 'cats' },
        { name: 'told', column_type: 'llm-text', model_alias: 'm', prompt: 'x' },
        { name: 'said', column_type: 'talk', of },
      ],
    },
  }
}

test('a column without templates shows what it asks first', async () => {
  const shown = await render({
    config: config('dogs'),
    column: 'said',
    plugins: [{ name: 'test', columns: [talk] }],
  })
  expect(shown.problems).toEqual([])
  expect(shown.rows).toEqual([
    {
      row: 0,
      parts: [
        { field: 'system', text: 'Be kind.' },
        { field: 'user', text: 'About dogs?' },
      ],
    },
  ])
})

test.each([
  ['cats', "Column 'said' can't be made in row 0: no cats here"],
  ['told', "The request of 'said' reads 'told', a column of kind llm-text, which only a run makes"],
])('… or why it can not, reading %s', async (of, message) => {
  const shown = await render({
    config: config(of),
    column: 'said',
    plugins: [{ name: 'test', columns: [talk] }],
  })
  expect(shown).toMatchObject({ ok: false, rows: [], problems: [{ message }] })
})

test('it has no variables, and takes no rows', async () => {
  const source = {
    config: config('dogs'),
    column: 'said',
    plugins: [{ name: 'test', columns: [talk] }],
  }
  await expect(listVariables(source)).rejects.toThrow("column 'said' has no template")
  await expect(render({ ...source, data: { text: '{}' } })).rejects.toThrow('has no template')
})
