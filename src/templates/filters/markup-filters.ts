import { stringifyJson } from '../../util/json.ts'
import type { Value } from '../../util/value.ts'
import { escapeHtml } from '../values/arithmetic.ts'
import { unescapeHtml } from '../values/html-entities.ts'
import { iterate } from '../values/iterate.ts'
import { limits, spendText } from '../limits.ts'
import { namedEntries } from './member.ts'
import { Markup, textOf, Undefined, type Operand } from '../values/operand.ts'
import {
  flagArgument,
  integerArgument,
  printedText,
  textArgument,
  type Definition,
} from '../values/operation.ts'
import { quote, toText } from '../values/python-text.ts'
import { TemplateError } from '../template-error.ts'
import { toValue } from '../values/to-value.ts'
import { linkUrls } from '../values/url-links.ts'

export const markupFilters = {
  e: { apply: escape },
  escape: { apply: escape },
  forceescape: { apply: (operand) => new Markup(escapeHtml(toText(operand))) },
  safe: { apply: (operand) => (operand instanceof Markup ? operand : new Markup(toText(operand))) },
  striptags: { apply: (operand) => stripTags(printedText(operand)) },
  tojson: {
    parameters: ['indent?'],
    apply: (operand, [indent = null]) => {
      const spaces = indent === null ? 0 : integerArgument(indent, 0, 'indent')
      spendText(spaces * 64)
      if (operand instanceof Undefined)
        throw new TemplateError(`${operand.message}: "tojson" needs a value`)
      const value = toValue(operand)
      checkSize(value, spaces)
      const json = jsonText(value, indent === null ? null : spaces)
      spendText(json.length)
      return new Markup(json.replace(/[<>&']/g, (character) => jsonEscapes[character] ?? character))
    },
  },
  xmlattr: {
    parameters: ['autospace?'],
    apply: (operand, [autospace], { escape: safe }) => {
      const text = xmlAttributes(operand, flagArgument(autospace, true))
      return safe ? new Markup(text) : text
    },
  },
  urlize: {
    parameters: ['trim_url_limit?', 'nofollow?', 'target?', 'rel?', 'extra_schemes?'],
    apply: (
      operand,
      [limit = null, noFollow, target = null, rel = null, schemes = null],
      context,
    ) => {
      const words = (rel === null ? '' : textArgument(rel, '', 'rel')).split(/\s+/).filter(Boolean)
      const rels = new Set([
        ...words,
        'noopener',
        ...(flagArgument(noFollow, false) ? ['nofollow'] : []),
      ])
      const text = linkUrls(
        operand instanceof Markup ? operand.text : escapeHtml(printedText(operand)),
        {
          limit: limit === null ? null : integerArgument(limit, 0, 'trim_url_limit'),
          rel: [...rels].sort().join(' '),
          target: target === null ? null : textArgument(target, '', 'target'),
          schemes: schemes === null ? [] : Array.from(iterate(schemes), checkScheme),
        },
      )
      spendText(text.length)
      return context.escape ? new Markup(text) : text
    },
  },
} satisfies Record<string, Definition>

const jsonEscapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  "'": '\\u0027',
}

/** As Python's `json.dumps`: null for one line, 0 for lines without an indentation. */
function jsonText(value: Value, indent: number | null): string {
  const form = { spaced: true, sorted: true, ascii: true }
  if (indent !== 0) return stringifyJson(value, { ...form, indent: indent ?? 0 })
  // A text in JSON has no line break of its own.
  return stringifyJson(value, { ...form, indent: 1 }).replace(/\n +/g, '\n')
}

/** Refuses JSON that would be too long before it is made: parts may be shared many times over. */
function checkSize(value: Value, indent: number): void {
  let characters = 0
  const measure = (part: Value, depth: number): void => {
    characters += depth * indent + (typeof part === 'string' ? part.length : 1)
    if (characters > limits.characters) spendText(characters)
    if (part instanceof Map) {
      for (const [key, item] of part) {
        characters += key.length
        measure(item, depth + 1)
      }
    } else if (Array.isArray(part)) for (const item of part) measure(item, depth + 1)
  }
  measure(value, 0)
}

function escape(operand: Operand): Operand {
  return operand instanceof Markup ? operand : new Markup(escapeHtml(toText(operand)))
}

function checkScheme(operand: Operand): string {
  const scheme = textOf(operand) ?? ''
  if (!/^[\w.+-]{2,}:\/{0,2}$/.test(scheme)) {
    throw new TemplateError(`${quote(scheme)} is not the start of an address, such as "tel:"`)
  }
  return scheme
}

function xmlAttributes(operand: Operand, space: boolean): string {
  const pairs: string[] = []
  for (const [key, value] of namedEntries(operand, '"xmlattr"')) {
    if (value === null || value instanceof Undefined) continue
    if (/[\s/>=]/.test(key))
      throw new TemplateError(`${quote(key)} cannot be the name of an attribute`)
    const text = value instanceof Markup ? value.text : escapeHtml(toText(value))
    pairs.push(`${escapeHtml(key)}="${text}"`)
  }
  const text = pairs.join(' ')
  spendText(text.length)
  return space && text !== '' ? ` ${text}` : text
}

function stripTags(text: string): string {
  spendText(text.length * 4)
  let kept = removeBetween(text, '<!--', '-->')
  kept = removeBetween(kept, '<', '>')
  return unescapeHtml(kept.split(/\s+/).filter(Boolean).join(' '))
}

function removeBetween(text: string, open: string, close: string): string {
  let kept = ''
  let at = 0
  for (;;) {
    const start = text.indexOf(open, at)
    const end = start === -1 ? -1 : text.indexOf(close, start)
    if (end === -1) return kept + text.slice(at)
    kept += text.slice(at, start)
    at = end + close.length
  }
}
