import { escapeHtml, toNumeric } from '../values/arithmetic.ts'
import { tryIterate } from '../values/iterate.ts'
import { spendText } from '../limits.ts'
import { pairsOf } from './member.ts'
import { fixedText } from '../values/number-format.ts'
import { parseFloatText } from '../values/number-parse.ts'
import {
  failUndefined,
  Markup,
  sizeOf,
  textLength,
  textOf,
  textSlice,
  Tuple,
  typeName,
  Undefined,
  type Operand,
} from '../values/operand.ts'
import {
  flagArgument,
  integerArgument,
  printedText,
  textArgument,
  type Definition,
} from '../values/operation.ts'
import { percentFormat } from '../values/percent-format.ts'
import { prettyText } from '../values/pretty-text.ts'
import { toText } from '../values/python-text.ts'
import { capitalize } from '../values/string-case.ts'
import { center, replace } from './string-methods.ts'
import { splitLines, strip, whiteSpace } from '../values/string-split.ts'
import { TemplateError } from '../template-error.ts'
import { wrapText } from '../values/text-wrap.ts'

export const textFilters = {
  upper: mapped((text) => text.toUpperCase()),
  lower: mapped((text) => text.toLowerCase()),
  capitalize: mapped(capitalize),
  title: mapped(titleWords),
  string: { apply: (operand) => (operand instanceof Markup ? operand : toText(operand)) },
  trim: {
    parameters: ['chars?'],
    apply: (operand, [characters = null]) => {
      const drops = characters === null ? null : textArgument(characters, '', 'chars')
      return keepMarkup(operand, strip(own(operand), drops, 'both'))
    },
  },
  center: {
    parameters: ['width?'],
    apply: (operand, [width]) => {
      const wide = integerArgument(width, 80, 'width')
      spendText(wide)
      const missing = wide - textLength(own(operand))
      return keepMarkup(operand, missing > 0 ? center(own(operand), missing, ' ') : own(operand))
    },
  },
  replace: {
    parameters: ['old', 'new', 'count?'],
    apply: (operand, [old = '', by = '', count = null], { escape }) => {
      const most = integerArgument(count ?? undefined, -1, 'count')
      if (!escape) return replace(toText(operand), toText(old), toText(by), most)
      const safe = (part: Operand): string => (part instanceof Markup ? part.text : toText(part))
      const isSafe = operand instanceof Markup
      const text =
        old instanceof Markup || (by instanceof Markup && !isSafe)
          ? escaped(operand)
          : safe(operand)
      const replaced = replace(text, safe(old), isSafe ? escaped(by) : safe(by), most)
      return isSafe || text !== safe(operand) ? new Markup(replaced) : replaced
    },
  },
  truncate: {
    parameters: ['length?', 'killwords?', 'end?', 'leeway?'],
    apply: (operand, [length, killWords, end, leeway = null]) =>
      truncate(
        operand,
        integerArgument(length, 255, 'length'),
        flagArgument(killWords, false),
        textArgument(end, '...', 'end'),
        leeway === null ? 5 : integerArgument(leeway, 5, 'leeway'),
      ),
  },
  indent: {
    parameters: ['width?', 'first?', 'blank?'],
    apply: (operand, [width = 4, first, blank]) => {
      const text = textOf(operand)
      if (text === undefined) return refuse('indent', operand)
      const lead = textOf(width) ?? spaces(integerArgument(width, 4, 'width'))
      return keepMarkup(
        operand,
        indent(text, lead, flagArgument(first, false), flagArgument(blank, false)),
      )
    },
  },
  wordwrap: {
    parameters: ['width?', 'break_long_words?', 'wrapstring?', 'break_on_hyphens?'],
    apply: (operand, [width, breakLong, wrapString = null, breakHyphens]) => {
      const text = textOf(operand)
      if (text === undefined) return refuse('wordwrap', operand)
      const joiner = wrapString === null ? '\n' : textArgument(wrapString, '\n', 'wrapstring')
      const options = {
        width: integerArgument(width, 79, 'width'),
        breakLongWords: flagArgument(breakLong, true),
        breakOnHyphens: flagArgument(breakHyphens, true),
      }
      spendText(text.length * 8)
      return splitLines(text)
        .map((line) => wrapText(line, options).join(joiner))
        .join(joiner)
    },
  },
  wordcount: { apply: (operand) => own(operand).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0 },
  format: {
    variadic: (operand, { positional, named }) => {
      if (positional.length > 0 && named.size > 0) {
        throw new TemplateError('"format" takes arguments with names or without, not both')
      }
      const format = operand instanceof Markup ? operand : toText(operand)
      return percentFormat(format, named.size > 0 ? new Map(named) : new Tuple(positional))
    },
  },
  filesizeformat: {
    parameters: ['binary?'],
    apply: (operand, [binary]) => fileSize(operand, flagArgument(binary, false)),
  },
  pprint: { apply: (operand) => prettyText(operand) },
  urlencode: { apply: urlEncode },
} satisfies Record<string, Definition>

function own(operand: Operand): string {
  const text = printedText(operand)
  spendText(text.length)
  return text
}

function mapped(change: (text: string) => string): Definition {
  return { apply: (operand) => keepMarkup(operand, change(own(operand))) }
}

function keepMarkup(operand: Operand, text: string): Operand {
  return operand instanceof Markup ? new Markup(text) : text
}

function escaped(operand: Operand): string {
  return operand instanceof Markup ? operand.text : escapeHtml(toText(operand))
}

function spaces(width: number): string {
  spendText(width)
  return ' '.repeat(Math.max(0, width))
}

const wordEdge = new RegExp(`([-${whiteSpace}({[<]+)`)

// Unlike the method of texts, the filter keeps what follows an apostrophe small.
function titleWords(text: string): string {
  return text
    .split(wordEdge)
    .map((word) => {
      const [first = ''] = word
      return first.toUpperCase() + word.slice(first.length).toLowerCase()
    })
    .join('')
}

function truncate(
  operand: Operand,
  length: number,
  killWords: boolean,
  end: string,
  leeway: number,
): Operand {
  if (length < textLength(end))
    throw new TemplateError(`"truncate" cannot cut to ${length} characters`)
  if (leeway < 0) throw new TemplateError('"leeway" cannot be negative')
  // As in Jinja, what is short enough passes as it is, whatever it is.
  const size = sizeOf(operand)
  if (size !== undefined && size <= length + leeway) return operand
  const text = textOf(operand)
  if (text === undefined) return refuse('truncate', operand)
  spendText(text.length)
  const cut = textSlice(text, 0, length - textLength(end))
  if (killWords) return keepMarkup(operand, cut + end)
  const space = cut.lastIndexOf(' ')
  return keepMarkup(operand, (space === -1 ? cut : cut.slice(0, space)) + end)
}

function indent(text: string, lead: string, first: boolean, blank: boolean): string {
  const lines = splitLines(`${text}\n`)
  spendText(text.length + lines.length * lead.length)
  const indented = lines.map((line, index) =>
    index > 0 && (blank || line !== '') ? lead + line : line,
  )
  return (first ? lead : '') + indented.join('\n')
}

const sizes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'] as const

function fileSize(operand: Operand, binary: boolean): string {
  const text = textOf(operand)
  const bytes =
    text === undefined
      ? Number(toNumeric(operand)?.value ?? refuse('filesizeformat', operand))
      : parseFloatText(text)
  if (bytes === undefined)
    throw new TemplateError(`"filesizeformat" needs a number, not ${JSON.stringify(text)}`)
  const base = binary ? 1024 : 1000
  if (bytes === 1) return '1 Byte'
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`
  let power = 1
  while (power < 8 && bytes >= base ** (power + 1)) power++
  const unit = sizes[power] ?? 'YB'
  // Multiplied before it is divided, for the same rounding as the original.
  const amount = (base * bytes) / base ** (power + 1)
  return `${fixedText(amount, 1)} ${binary ? `${unit.charAt(0).toUpperCase()}iB` : unit}`
}

function urlEncode(operand: Operand): Operand {
  const text = textOf(operand)
  const items = text === undefined ? tryIterate(operand) : null
  if (items === null) return quoteUrl(text ?? toText(operand), '/')
  return pairsOf(operand)
    .map(([key, value]) => `${quoteQuery(key)}=${quoteQuery(value)}`)
    .join('&')
}

function quoteQuery(operand: Operand): string {
  return quoteUrl(toText(operand), '').replaceAll('%20', '+')
}

function quoteUrl(text: string, safe: string): string {
  spendText(text.length * 3)
  if (/\p{Cs}/u.test(text)) throw new TemplateError('"urlencode" cannot encode half a character')
  const quoted = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return safe === '/' ? quoted.replaceAll('%2F', '/') : quoted
}

function refuse(name: string, operand: Operand): never {
  if (operand instanceof Undefined) failUndefined(operand)
  throw new TemplateError(`"${name}" needs text, not ${typeName(operand)}: add |string before it`)
}
