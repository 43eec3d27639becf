import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { definePlugin, defineSeedSource, SeedFault, text, z } from 'rowsmith/plugin'

const columns = ['file', 'section', 'heading', 'level', 'content']

/** A row for each section of the Markdown files of a folder: a kind of seed of one's own. */
const markdownSections = defineSeedSource({
  type: 'markdown_sections',
  schema: z
    .strictObject({
      seed_type: z.literal('markdown_sections'),
      path: text({ nonEmpty: true }).describe("The folder, from the config's folder."),
    })
    .describe('Sections of Markdown files.'),
  async open(source, context) {
    const rows = await readSections(source, context)
    const identity = hashOf(rows)
    return {
      columns: columns.map((name) => ({
        name,
        type: name === 'section' || name === 'level' ? 'int64' : 'string',
      })),
      size: rows.length,
      // The same sections are the same seed, wherever the folder lies.
      identity,
      stamp: identity,
      notes: [],
      async *rows() {
        yield rows
      },
      changed: async () => hashOf(await readSections(source, context)) !== identity,
    }
  },
  async stamp(source, context) {
    const identity = hashOf(await readSections(source, context))
    return { stamp: identity, identity: async () => identity }
  },
})

export default definePlugin({
  name: 'markdown-sections',
  version: '1.0.0',
  seedSources: [markdownSections],
})

async function readSections({ path }, { configDirectory, workingDirectory }) {
  const folder = resolve(configDirectory ?? workingDirectory, path)
  const names = await readdir(folder).catch((cause) => {
    throw new SeedFault('seed-missing', `there is no folder ${folder}`, { cause })
  })
  const files = names.filter((name) => name.endsWith('.md')).toSorted()
  const sections = await Promise.all(
    files.map(async (name) => sectionsOf(name, await readFile(resolve(folder, name), 'utf8'))),
  )
  return sections.flat()
}

/** Rows of a file, in the order of its headings; lines of code blocks are no headings. */
function sectionsOf(file, markdown) {
  const sections = []
  let isCode = false
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode
    const [, marks, heading] = (isCode ? null : /^(#{1,6}) +(.+)$/.exec(line)) ?? []
    if (heading !== undefined) sections.push({ heading, level: marks.length, lines: [] })
    else sections.at(-1)?.lines.push(line)
  }
  return sections.map(({ heading, level, lines }, at) => [
    file,
    at + 1,
    heading,
    level,
    lines.join('\n').trim(),
  ])
}

function hashOf(rows) {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
}
