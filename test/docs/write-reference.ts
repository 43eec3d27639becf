import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { libraryPages } from './library-pages.ts'
import { pageText, referencePages } from './reference-pages.ts'

// npm run reference: writes docs/reference/ again.

const folder = fileURLToPath(new URL('../../docs/reference/', import.meta.url))
mkdirSync(folder, { recursive: true })
const pages = [
  ...referencePages().map((page) => ({ file: page.file, text: pageText(page) })),
  ...libraryPages(),
]
for (const name of readdirSync(folder)) {
  if (!pages.some(({ file }) => file === name)) rmSync(`${folder}${name}`)
}
for (const page of pages) writeFileSync(`${folder}${page.file}`, page.text)
