import { createRequire } from 'node:module'
import type { Node } from 'web-tree-sitter'
import type { FindFaults } from './check-sql.ts'

/** Most places reported for a text. */
const mostFaults = 10

/** A grammar of tree-sitter: one that comes with its package, or a file of the user's. */
export async function openTree(grammar: string, file: string | null): Promise<FindFaults> {
  const library = await import('web-tree-sitter')
  const require = createRequire(import.meta.url)
  await library.Parser.init()
  const language = await library.Language.load(
    file ?? require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar}.wasm`),
  )
  const parser = new library.Parser()
  parser.setLanguage(language)
  return (code) => {
    const tree = parser.parse(code)
    if (tree === null) throw new Error('the grammar gave no tree')
    try {
      return tree.rootNode.hasError ? faultsIn(tree.rootNode) : []
    } finally {
      tree.delete()
    }
  }
}

function faultsIn(root: Node): string[] {
  const faults: string[] = []
  const open: Node[] = [root]
  while (faults.length < mostFaults) {
    const node = open.pop()
    if (node === undefined) break
    if (node.isMissing) faults.push(`${placeOf(node)}: ${node.type} is missing`)
    else if (node.isError) faults.push(`${placeOf(node)}: unexpected ${excerptOf(node)}`)
    else if (node.hasError) open.push(...node.children.toReversed())
  }
  return faults
}

function placeOf({ startPosition: { row, column } }: Node): string {
  return `Line ${row + 1}, Position ${column + 1}`
}

function excerptOf({ text }: Node): string {
  const bare = text.trim().replaceAll(/\s+/g, ' ')
  return bare === '' ? 'text' : JSON.stringify(bare.length > 60 ? `${bare.slice(0, 60)}…` : bare)
}
