import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What `init` can write, by name: a folder in `templates/` with a config of that name. */
export const templates = {
  tickets: 'support tickets with fields, urgency and a reply',
  'qa-from-documents': 'questions, answers and quotes about your own files',
  classification: 'labelled texts to train a classifier with',
  chat: 'conversations to fine-tune with',
  'text-to-sql': 'questions and SQL that a parser has checked',
  'judge-and-filter': 'texts that a second model scores; the good ones stay',
  typescript: 'a dataset from a program, with a column of your own',
} as const

export type TemplateName = keyof typeof templates

// The same place from the source and from the published files.
const folder = fileURLToPath(new URL('../../templates/', import.meta.url))

/** npm leaves files out that begin with a dot, or renames them. */
const dotted: Readonly<Record<string, string>> = {
  _gitignore: '.gitignore',
  '_env.example': '.env.example',
}

/** The files of a template, by where they go. */
export async function templateFiles(name: TemplateName): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const part of ['common', name]) {
    for (const entry of await readdir(join(folder, part), {
      recursive: true,
      withFileTypes: true,
    })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const inside = path.slice(join(folder, part).length + 1)
      const target = join(dirname(inside), dotted[entry.name] ?? entry.name)
      files.set(target.split(sep).join('/'), await readFile(path, 'utf8'))
    }
  }
  return files
}
