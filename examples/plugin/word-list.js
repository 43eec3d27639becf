import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CellFailure, commonFields, defineColumn, LoadFault, oneOf, text, z } from 'rowsmith/plugin'

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['word-list']),
    file: text({ nonEmpty: true }).describe(
      "A word a line; its path starts at the config's folder.",
    ),
    by: text({ nonEmpty: true }).describe('The column whose number says which word, from 0.'),
  })
  .describe('The word of a file that another column names by its number.')

/** Words that are read from a file once, before anything is checked. */
export const wordList = defineColumn({
  type: 'word-list',
  schema,
  async load({ file }, { directory, signal }) {
    let content
    try {
      content = await readFile(join(directory, file), { encoding: 'utf8', signal })
    } catch (cause) {
      throw new LoadFault(`there is no file ${file}`, {
        cause,
        field: 'file',
        suggestion: 'Write a file with a word a line, beside the config.',
      })
    }
    const words = content.split('\n').filter((line) => line !== '')
    // What tells this file from one with other words; the words alone would do as well.
    return { words, identity: createHash('sha256').update(content).digest('hex') }
  },
  describe: ({ by }, { path }) => ({
    by: 'row',
    pure: true,
    output: 'string',
    references: [{ name: by, path: [...path, 'by'] }],
    routes: [],
  }),
  bind({ by }, context, { words }) {
    const id = context.columnId(by)
    return {
      by: 'row',
      generate(row) {
        const number = Number(row.get(id))
        const word = words[number]
        if (word !== undefined) return word
        throw new CellFailure(
          'no-such-word',
          `there are ${words.length} words, and no number ${number}`,
        )
      },
    }
  },
})
