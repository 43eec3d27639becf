import { Composer, LineCounter, Parser, type Document, type YAMLParseError } from 'yaml'
import type { Literal } from './dataset.ts'
import type { ConfigPath, Position, Problem } from './problem.ts'
import { isTooDeep, tooDeep } from './text-depth.ts'
import {
  findGluedColon,
  findOpenQuote,
  findSlashComment,
  findWrongIndent,
  type LayoutFault,
  quotedTemplate,
  shortened,
} from './text-layout.ts'
import { positionWithin, type Place } from './text-place.ts'
import { marginWidth, readIndented, type Reading } from './text-margins.ts'
import { readNode } from './text-nodes.ts'
import { type Gap, restOf } from './text-rest.ts'
import { findHiddenIndent, type HiddenIndent } from './hidden-characters.ts'
import { syntaxProblems } from './text-syntax.ts'

/** Where something in a config stands. A path that leads nowhere gives its nearest ancestor. */
export interface Locate {
  (path: ConfigPath, options?: LocateOptions): Position | undefined
}

interface LocateOptions {
  /** The key instead of the value. */
  key?: boolean
  /** A position inside the text at the path. */
  within?: Position | undefined
}

export interface ConfigText {
  /** Undefined when there are errors. */
  value: Literal | undefined
  problems: Problem[]
  locate: Locate
  /** Of a broken text what can be read all the same; null when nothing can. */
  rest: ReadRest | null
}

/** What a text holds in addition to what is broken in it. */
interface ReadRest {
  value: Literal
  locate: Locate
  /** Places where only a place holder stands. */
  gaps: readonly Gap[]
}

// In addition to dataset-sized lists, far above any config; the reader's memory is some hundred times it.
const largestText = 8 * 2 ** 20

/**
 * Reads YAML 1.1 (and JSON, which it contains) without loss and without running anything.
 *
 * All problems carry their position; of a broken text as many as the reader can tell apart.
 */
export function parseConfigText(text: string, { file }: { file: string }): ConfigText {
  if (text.length > largestText) return refuse(file, tooLarge(text.length))
  const written = text.startsWith('\ufeff') ? text.slice(1) : text
  const comment = findSlashComment(written)
  if (comment !== null) return oneFault(comment, file)
  const first = readSource(written)
  const indented = first.errors.length === 0 ? null : readIndented(first, readSource)
  const { source, documents, lines, isDeep } = indented?.reading ?? first
  if (isDeep) return refuse(file, tooDeep())

  const [document] = documents
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: indented?.lines.has(line) === true ? col - marginWidth : col }
  }
  const placed = (problem: Problem, offset: number): Problem => ({
    ...withQuotedTemplate(problem, source, offset),
    file,
    position: place(offset),
  })
  const nowhere = { locate: () => undefined, rest: null }
  if (document === undefined) return { value: null, problems: [], ...nowhere }

  const problems = syntaxProblems(document.errors, source).map(({ problem, offset }) =>
    placed(problem, offset),
  )
  const second = documents[1]
  if (second !== undefined) problems.push(placed(secondDocument(), second.range[0]))
  if (problems.length > 0) {
    const indent = findHiddenIndent(first.source)
    if (indent !== null) return hiddenIndent(indent, first.source, file)
    if (second !== undefined || indented !== null) return { value: undefined, problems, ...nowhere }
    const fault = findFault(source, document.errors)
    if (fault !== null) return oneFault(fault, file)
    const rest = readRest(source)
    const told = rest === null ? problems : problemsInGaps(rest.gaps, file)
    return { value: undefined, problems: told, locate: nowhere.locate, rest }
  }

  const read = readNode(document.contents, (problem, offset) => {
    problems.push(placed(problem, offset))
  })
  const broken = problems.some(({ level }) => level === 'error')
  return {
    value: broken ? undefined : read.value,
    problems,
    locate: (path, options = {}) => locate(read.place, path, options, place, source),
    rest: null,
  }
}

/** Shows a template that lacks quotes as it must be written, where it is alone behind its key. */
function withQuotedTemplate(problem: Problem, source: string, offset: number): Problem {
  if (!problem.message.startsWith('A template is not quoted')) return problem
  const end = source.indexOf('\n', offset)
  const start = source.lastIndexOf('\n', offset - 1) + 1
  const quoted = quotedTemplate(source.slice(start, end === -1 ? undefined : end))
  return quoted === null
    ? problem
    : { ...problem, suggestion: `Put the text into quotes: ${shortened(quoted)}` }
}

/** A fault of one line whose mending takes all errors up to that line away. */
function findFault(source: string, errors: readonly YAMLParseError[]): LayoutFault | null {
  const isQuote = errors.some(
    ({ code, message }) => code === 'MISSING_CHAR' && /quote/.test(message),
  )
  const isIndent = errors.some(({ code }) => indentErrors.has(code))
  const found = [
    ...(isQuote ? [findOpenQuote(source)] : []),
    ...(isIndent ? [findWrongIndent(source), findGluedColon(source)] : []),
  ]
  return found.find((fault) => fault !== null && mends(fault)) ?? null
}

const indentErrors: ReadonlySet<string> = new Set([
  'MULTILINE_IMPLICIT_KEY',
  'BLOCK_AS_IMPLICIT_KEY',
  'UNEXPECTED_TOKEN',
  'BAD_INDENT',
  'MISSING_CHAR',
])

function mends({ fixed, line }: LayoutFault): boolean {
  const { errors, lines } = readSource(fixed)
  return errors.every(({ pos }) => lines.linePos(pos[0]).line > line)
}

/** The problem to report, and the text as its author meant it. */
function oneFault(
  { line, column, message, suggestion, fixed }: LayoutFault,
  file: string,
): ConfigText {
  const position = { line, column }
  const fault: Problem = {
    level: 'error',
    code: 'syntax',
    path: [],
    message,
    suggestion,
    file,
    position,
  }
  const meant = parseConfigText(fixed, { file })
  const problems = [fault, ...meant.problems]
  const base = { value: undefined, problems, locate: () => undefined }
  if (meant.value === undefined) return { ...base, rest: meant.rest }
  return { ...base, rest: { value: meant.value, locate: meant.locate, gaps: [] } }
}

/** One problem, however many the reader makes of it; the rest is read as it was meant. */
function hiddenIndent(
  { problem, position, spaced }: HiddenIndent,
  source: string,
  file: string,
): ConfigText {
  const problems = [{ ...problem, file, position }]
  const base = { value: undefined, problems, locate: () => undefined }
  if (spaced === null) return { ...base, rest: readRest(source) }
  const meant = parseConfigText(spaced, { file })
  if (meant.value === undefined) return { ...base, rest: meant.rest }
  return { ...base, rest: { value: meant.value, locate: meant.locate, gaps: [] } }
}

/**
 * Problems of entries that are broken, each read by itself: in the whole text one that is not closed
 * shows only where it meets another, and swallows what stands between.
 */
function problemsInGaps(gaps: readonly Gap[], file: string): Problem[] {
  return gaps.flatMap(({ text, start }) => {
    const { errors, lines } = readSource(text)
    return syntaxProblems(errors, text).map(({ problem, offset }) => {
      const { line, col } = lines.linePos(offset)
      const told = withQuotedTemplate(problem, text, offset)
      return { ...told, file, position: { line: line + start, column: col } }
    })
  })
}

/** Reads what is left of a broken text without what is broken. */
function readRest(source: string): ReadRest | null {
  const rest = restOf(source, (text) => {
    const { errors, documents, isDeep } = readSource(text)
    return errors.length === 0 && documents.length < 2 && !isDeep
  })
  if (rest === null) return null
  const { documents, lines } = readSource(rest.source)
  const broken: Problem[] = []
  const read = readNode(documents[0]?.contents ?? null, (problem) => broken.push(problem))
  if (broken.some(({ level }) => level === 'error')) return null
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  return {
    value: read.value,
    gaps: rest.gaps,
    locate: (path, options = {}) => locate(read.place, path, options, place, rest.source),
  }
}

interface SourceReading extends Reading {
  readonly documents: readonly Document.Parsed[]
  readonly lines: LineCounter
  readonly isDeep: boolean
}

function readSource(source: string): SourceReading {
  const lines = new LineCounter()
  const tokens = [...new Parser(lines.addNewLine).parse(source)]
  if (isTooDeep(tokens)) return { source, documents: [], errors: [], lines, isDeep: true }
  const documents = [...composer().compose(tokens, true, source.length)]
  return { source, documents, errors: documents[0]?.errors ?? [], lines, isDeep: false }
}

function composer(): Composer {
  return new Composer({
    version: '1.1',
    // All scalars stay text: what a plain one means is decided in yaml-scalars.ts.
    schema: 'failsafe',
    resolveKnownTags: false,
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
  })
}

function locate(
  root: Place,
  path: ConfigPath,
  { key = false, within }: LocateOptions,
  position: (offset: number) => Position,
  source: string,
): Position {
  let place = root
  let keyOffset: number | null = null
  let whole = true
  for (const step of path) {
    // YAML 1.1 reads the bare key `on` as true.
    const child =
      place.children?.get(String(step)) ?? (step === 'on' ? place.children?.get('true') : undefined)
    if (child === undefined) {
      whole = false
      break
    }
    place = child.place
    keyOffset = child.key
  }
  if (keyOffset !== null && key && whole) return position(keyOffset)
  const start = position(place.offset)
  if (whole && within !== undefined && place.scalar !== null) {
    return positionWithin(place.scalar, within, start, source)
  }
  // A value on lines of its own is best found at its key.
  if (keyOffset === null) return start
  const keyStart = position(keyOffset)
  return start.line === keyStart.line && !place.empty ? start : keyStart
}

function refuse(file: string, problem: Problem): ConfigText {
  const position = { line: 1, column: 1 }
  const problems = [{ ...problem, file, position }]
  return { value: undefined, problems, locate: () => undefined, rest: null }
}

function tooLarge(length: number): Problem {
  return {
    level: 'error',
    code: 'text-too-large',
    path: [],
    message: 'The file is too large for a config',
    expected: `at most ${largestText} characters`,
    received: `${length} characters`,
    suggestion: 'Put long lists of values into a seed file and refer to it in seed_config.',
  }
}

function secondDocument(): Problem {
  return {
    level: 'error',
    code: 'several-documents',
    path: [],
    message: 'The file holds more than one YAML document',
    expected: 'one document',
    suggestion: "Remove the '---' line, or put the documents into files of their own.",
  }
}
