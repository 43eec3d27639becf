import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { libraryPages } from './docs/library-pages.ts'
import { pageText, referencePages } from './docs/reference-pages.ts'

const folder = fileURLToPath(new URL('../docs/reference/', import.meta.url))
const pages = referencePages()
const library = libraryPages()

describe('docs/reference/', () => {
  test('has a page for each family and each door of the package, and no other', () => {
    const files = [...pages, ...library].map(({ file }) => file)
    expect(readdirSync(folder).toSorted()).toEqual(files.toSorted())
  })

  test.each(library)('$file is what the doc comments say', ({ file, text, exports }) => {
    const bare = exports.filter(({ comment }) => comment === '')
    expect(bare.map(({ name, path }) => `${path}: ${name} has no doc comment`)).toEqual([])
    const written = readFileSync(`${folder}${file}`, 'utf8')
    expect(written, 'npm run reference writes docs/reference/ again').toBe(text)
  })

  test.each(pages)('$file is what the schemas say', (page) => {
    const text = readFileSync(`${folder}${page.file}`, 'utf8')
    expect(text, 'npm run reference writes docs/reference/ again').toBe(pageText(page))
  })

  const kinds = pages.flatMap(({ title, kinds: own }) => own.map((each) => ({ title, ...each })))

  test.each(kinds)(
    '$title: $kind is described, with fields that are',
    ({ description, fields }) => {
      expect(description).not.toBe('')
      const bare = fields.filter(
        (field) => field.description === '' && !/^`[^`]*`$/.test(field.takes),
      )
      expect(bare.map(({ name }) => name)).toEqual([])
    },
  )

  test.each(kinds)('$title: the example of $kind can be read', ({ kind, example, schema }) => {
    const read = schema.safeParse(example)
    expect(
      read.error?.issues.map(({ message }) => message) ?? [],
      `write an example of ${kind} into docs/config.md or test/docs/more-examples.yaml, and run npm run reference`,
    ).toEqual([])
  })
})
