import { JsonSyntaxError, parseJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'
import { fencedBlocks, withoutThinking } from './reply-blocks.ts'
import { readTolerantJson } from './tolerant-json.ts'

/** A value in an answer. */
interface Candidate {
  value: Value
  /** An object whose last bracket is missing: it may lack fields, too. */
  unclosed: boolean
}

/** What may be the JSON of an answer, or why nothing in it can be. */
export interface FoundJson {
  /** The most likely first. */
  candidates: readonly Candidate[]
  /** What is wrong with the most likely place; null where something was found. */
  problem: string | null
}

/**
 * Finds JSON in what a model said: alone, in a fence, or with words around it; of several the last
 * one is most likely the answer. `cut` is a text that ended before the model was done: what is not
 * complete in it is not taken for whole.
 */
export function findJson(said: string, { cut }: { cut: boolean }): FoundJson {
  const text = withoutThinking(said).trim()
  const whole = readWhole(text, cut)
  if ('value' in whole) return { candidates: [whole], problem: null }
  const problems: (string | null)[] = [looksLikeJson(text) ? whole.problem : null]
  const candidates: Candidate[] = []
  const blocks = fencedBlocks(text).filter(({ closed }) => closed || !cut)
  const likely = blocks.filter(({ language }) => jsonWords.has(language))
  const others = blocks.filter(({ language }) => !jsonWords.has(language))
  for (const { body } of [...likely.toReversed(), ...others.toReversed()]) {
    const read = readWhole(body.trim(), cut)
    if ('value' in read) candidates.push(read)
    else if (looksLikeJson(body.trim())) problems.push(read.problem)
  }
  if (candidates.length === 0) candidates.push(...embedded(text).toReversed())
  if (candidates.length > 0) return { candidates, problem: null }
  const told = problems.find((problem) => problem !== null)
  const some = /[{[]/.test(text) ? 'its JSON is not complete, or is none' : 'it has no JSON'
  return { candidates, problem: told ?? some }
}

const jsonWords: ReadonlySet<string> = new Set(['json', 'jsonc', 'json5', ''])

function looksLikeJson(text: string): boolean {
  return text.startsWith('{') || text.startsWith('[')
}

/** A text that is nothing but JSON. */
function readWhole(text: string, cut: boolean): Candidate | { problem: string } {
  try {
    return { value: parseJson(text), unclosed: false }
  } catch (error) {
    const strict = syntaxProblem(error)
    if (!looksLikeJson(text)) return { problem: strict }
    try {
      const { value, end, open } = readTolerantJson(text)
      if (text.slice(end).trim() !== '') return { problem: strict }
      if (open === 0) return { value, unclosed: false }
      const isLast = open === 1 && value instanceof Map && !cut
      return isLast ? { value, unclosed: true } : { problem: 'its JSON is not complete' }
    } catch (inner) {
      return { problem: syntaxProblem(inner) }
    }
  }
}

function syntaxProblem(error: unknown): string {
  if (!(error instanceof JsonSyntaxError)) throw error
  return `it can't be read as JSON: ${error.message}`
}

/** Places of a text that are looked at: a long text of brackets must not take long. */
const mostPlaces = 50

/** Objects and lists with words around them, in the order of the text. */
function embedded(text: string): Candidate[] {
  const found: Candidate[] = []
  const opening = /[{[]/g
  for (let places = 0; places < mostPlaces; places += 1) {
    const start = opening.exec(text)?.index
    if (start === undefined) break
    const read = readEmbedded(text, start)
    if (read !== null) found.push({ value: read.value, unclosed: false })
    // What stands inside of something that can't be read is a part of it.
    const end = read?.end ?? closingPlace(text, start)
    if (end === null) break
    opening.lastIndex = end
  }
  return found
}

function readEmbedded(text: string, start: number): { value: Value; end: number } | null {
  try {
    const { value, end, open } = readTolerantJson(text, start)
    // A bracket that closes behind it belongs to something it would have been only a part of.
    const next = /[{}[\]]/.exec(text.slice(end))?.[0]
    return open > 0 || next === '}' || next === ']' ? null : { value, end }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return null
  }
}

/** Behind the bracket that closes the one at `start`, whatever quotes there are. */
function closingPlace(text: string, start: number): number | null {
  const bracket = /[{}[\]]/g
  bracket.lastIndex = start
  let depth = 0
  for (let found = bracket.exec(text); found !== null; found = bracket.exec(text)) {
    depth += found[0] === '{' || found[0] === '[' ? 1 : -1
    if (depth === 0) return bracket.lastIndex
  }
  return null
}
