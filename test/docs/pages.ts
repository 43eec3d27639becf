import { globSync } from 'node:fs'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))

function pagesAt(pattern: string): string[] {
  return globSync(pattern, { cwd: repository })
    .map((path) => path.split(sep).join('/'))
    .toSorted()
}

/** Pages that a script writes, with the output of what it ran. */
const recorded = ['docs/tour.md']

/** The pages whose blocks are executed, by their paths in the repository. */
export const executedPages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...pagesAt('docs/*.md').filter((page) => !recorded.includes(page)),
  ...pagesAt('docs/how-to/*.md'),
]

/** All pages that a reader sees: those, and the generated ones. */
export const pages: readonly string[] = [
  ...executedPages,
  ...recorded,
  'CHANGELOG.md',
  ...pagesAt('docs/reference/*.md'),
]
