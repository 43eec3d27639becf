import { parsePrimary } from './expression-parser.ts'
import type { Expression, NameNode, Target } from './nodes.ts'
import type { TokenStream } from './token-stream.ts'

/** What is assigned to: a name, several names, or (for `set`) a member of a namespace. */
export function parseTarget(
  stream: TokenStream,
  { ends = [] as readonly string[], members = false } = {},
): Target {
  const { start } = stream.current()
  const items: Target[] = []
  let isTuple = false
  for (;;) {
    const { type } = stream.current()
    const ended = type === 'block-end' || type === 'output-end' || stream.isOperator(')')
    if (items.length > 0 && (ended || ends.some((word) => stream.isWord(word)))) break
    items.push(parseSingleTarget(stream, members))
    if (!stream.skipOperator(',')) break
    isTuple = true
  }
  const [first] = items
  if (!isTuple && first !== undefined) return first
  return { type: 'tuple', items, start, end: stream.lastEnd() }
}

function parseSingleTarget(stream: TokenStream, members: boolean): Target {
  const token = stream.current()
  const ahead = stream.ahead()
  if (members && token.type === 'name' && ahead.type === 'operator' && ahead.text === '.') {
    stream.next()
    stream.next()
    const { text, end } = stream.expect('name', 'a name')
    return { type: 'member', object: token.text, name: text, start: token.start, end }
  }
  if (stream.isOperator('(')) {
    return stream.nested(() => {
      stream.next()
      const target = parseTarget(stream, { members })
      stream.expectOperator(')')
      return target
    })
  }
  const node = parsePrimary(stream)
  return asName(stream, node) ?? failTarget(stream, token.start)
}

/** A name that is not a constant. */
export function parseName(stream: TokenStream): NameNode {
  const token = stream.expect('name', 'a name')
  if (reserved.includes(token.text)) throw stream.fail(`"${token.text}" cannot be assigned`, token)
  return { type: 'name', name: token.text, start: token.start, end: token.end }
}

const reserved: readonly string[] = ['true', 'false', 'none', 'True', 'False', 'None']

function asName(stream: TokenStream, node: Expression): NameNode | null {
  if (node.type !== 'name') return null
  const { name, start, end } = node
  if (name === 'loop' && stream.isWord('in')) return failTarget(stream, start)
  return { type: 'name', name, start, end }
}

function failTarget(stream: TokenStream, start: number): never {
  const end = stream.lastEnd()
  const text = stream.source.slice(start, end)
  throw stream.fail(`"${text}" cannot be assigned: a name is expected here`, {
    type: 'name',
    text,
    value: null,
    start,
    end,
  })
}
