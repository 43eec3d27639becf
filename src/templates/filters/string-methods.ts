import { toItems } from '../values/iterate.ts'
import { limits, spend, spendText } from '../limits.ts'
import {
  isDict,
  isNarrow,
  textLength,
  textOf,
  textSlice,
  Tuple,
  typeName,
  type Operand,
} from '../values/operand.ts'
import {
  defineOperations,
  flagArgument,
  integerArgument,
  noArguments,
  textArgument,
  type Bound,
  type Definition,
} from '../values/operation.ts'
import {
  capitalize,
  caseFold,
  isAscii,
  isLower,
  isTitle,
  isUpper,
  swapCase,
  title,
} from '../values/string-case.ts'
import { formatText } from '../values/string-format.ts'
import { isSpace, split, splitFromRight, splitLines, strip } from '../values/string-split.ts'
import { TemplateError } from '../template-error.ts'

/** Digits of any script, raised, lowered, and within circles or brackets. */
const digits = new RegExp(
  '^[\\p{Nd}\\u{b2}-\\u{b3}\\u{b9}\\u{1369}-\\u{1371}\\u{19da}\\u{2070}\\u{2074}-\\u{2079}\\u{2080}-\\u{2089}\\u{2460}-\\u{2468}\\u{2474}-\\u{247c}\\u{2488}-\\u{2490}\\u{24ea}' +
    '\\u{24f5}-\\u{24fd}\\u{24ff}\\u{2776}-\\u{277e}\\u{2780}-\\u{2788}\\u{278a}-\\u{2792}\\u{10a40}-\\u{10a43}\\u{10e60}-\\u{10e68}\\u{11052}-\\u{1105a}\\u{1f100}-\\u{1f10a}]+$',
  'u',
)

/** Also numbers that are words in Chinese and Japanese. */
const numerals = new RegExp(
  '^[\\p{N}㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零' +
    '\\u{f96b}\\u{f973}\\u{f978}\\u{f9b2}\\u{f9d1}\\u{f9d3}\\u{f9fd}\\u{20001}\\u{20064}\\u{200e2}\\u{20121}' +
    '\\u{2092a}\\u{20983}\\u{2098c}\\u{2099c}\\u{20aea}\\u{20afd}\\u{20b19}\\u{22390}\\u{22998}\\u{23b1b}\\u{2626d}\\u{2f890}]+$',
  'u',
)

/** Methods of texts, as Python has them. */
export const stringMethods = defineOperations({
  upper: mapped((text) => text.toUpperCase()),
  lower: mapped((text) => text.toLowerCase()),
  casefold: walked(caseFold),
  capitalize: mapped(capitalize),
  title: walked(title),
  swapcase: walked(swapCase),
  strip: stripped('both'),
  lstrip: stripped('left'),
  rstrip: stripped('right'),
  split: splitted(split),
  rsplit: splitted(splitFromRight),
  splitlines: {
    parameters: ['keepends?'],
    apply: (text, [keepEnds]) => splitLines(own(text), flagArgument(keepEnds, false)),
  },
  partition: {
    parameters: ['sep'],
    apply: (text, given) => partition(own(text), given, false),
  },
  rpartition: {
    parameters: ['sep'],
    apply: (text, given) => partition(own(text), given, true),
  },
  replace: {
    parameters: ['old', 'new', 'count?'],
    apply: (text, [old, by, count]) =>
      replace(
        own(text),
        textArgument(old, '', 'old'),
        textArgument(by, '', 'new'),
        integerArgument(count, -1, 'count'),
      ),
  },
  join: { parameters: ['iterable'], apply: (text, [items = []]) => join(own(text), items) },
  startswith: affixed((text, affix) => text.startsWith(affix)),
  endswith: affixed((text, affix) => text.endsWith(affix)),
  removeprefix: {
    parameters: ['prefix'],
    apply: (text, [prefix]) => {
      const start = textArgument(prefix, '', 'prefix')
      return own(text).startsWith(start) ? own(text).slice(start.length) : text
    },
  },
  removesuffix: {
    parameters: ['suffix'],
    apply: (text, [suffix]) => {
      const end = textArgument(suffix, '', 'suffix')
      return end !== '' && own(text).endsWith(end) ? own(text).slice(0, -end.length) : text
    },
  },
  count: searched((piece, part) => {
    if (piece === null) return 0
    const { text } = piece
    return part === '' ? textLength(text) + 1 : text.split(part).length - 1
  }),
  find: searched((piece, part) => position(piece, (text) => text.indexOf(part))),
  rfind: searched((piece, part) => position(piece, (text) => text.lastIndexOf(part))),
  index: searched((piece, part) => found(position(piece, (text) => text.indexOf(part)))),
  rindex: searched((piece, part) => found(position(piece, (text) => text.lastIndexOf(part)))),
  center: padded(center),
  ljust: padded((text, missing, fill) => text + fill.repeat(missing)),
  rjust: padded((text, missing, fill) => fill.repeat(missing) + text),
  zfill: {
    parameters: ['width'],
    apply: (text, [width]) => zeroFill(own(text), integerArgument(width, 0, 'width')),
  },
  expandtabs: {
    parameters: ['tabsize?'],
    apply: (text, [size]) => expandTabs(own(text), integerArgument(size, 8, 'tabsize')),
  },
  format: { variadic: (text, given, context) => formatText(own(text), given, context) },
  format_map: {
    parameters: ['mapping'],
    apply: (text, [mapping = null], context) => {
      if (!isDict(mapping))
        throw new TemplateError(`"format_map" needs an object, not ${typeName(mapping)}`)
      const named = new Map([...mapping].map(([key, value]) => [textOf(key) ?? '', value]))
      return formatText(own(text), { ...noArguments, named }, context)
    },
  },
  isalnum: checked(/^[\p{L}\p{N}]+$/u),
  isalpha: checked(/^\p{L}+$/u),
  isascii: { apply: (text) => isAscii(own(text)) },
  isdecimal: checked(/^\p{Nd}+$/u),
  isdigit: checked(digits),
  isnumeric: checked(numerals),
  isidentifier: checked(/^[\p{ID_Start}_][\p{ID_Continue}]*$/u),
  isprintable: { apply: (text) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(own(text)) },
  isspace: { apply: (text) => isSpace(own(text)) },
  islower: { apply: (text) => isLower(own(text)) },
  isupper: { apply: (text) => isUpper(own(text)) },
  istitle: { apply: (text) => isTitle(own(text)) },
})

/** Python's `replace`; a negative count replaces all. */
export function replace(text: string, old: string, by: string, count: number): string {
  if (count === 0) return text
  if (old === '') spend(text.length >>> 3)
  // Every piece costs, and splitting a text between its characters gives one piece per character.
  const parts = old === '' ? ['', ...Array.from(text), ''] : text.split(old)
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1)
  spendText(text.length + times * by.length)
  if (times === parts.length - 1) return parts.join(by)
  const rest = parts.slice(times).join(old)
  return times === 0 ? rest : parts.slice(0, times).join(by) + by + rest
}

/** Python's `center`. */
export function center(text: string, missing: number, fill: string): string {
  const width = textLength(text) + missing
  // Where it does not come out even, Python puts the larger half to the left of odd widths.
  const left = Math.floor(missing / 2) + (missing & width & 1)
  return fill.repeat(left) + text + fill.repeat(missing - left)
}

function own(operand: Operand): string {
  const text = textOf(operand) ?? ''
  spendText(text.length)
  return text
}

function mapped(change: (text: string) => string): Definition {
  return { apply: (text) => change(own(text)) }
}

/** For what looks at one character after the other, which takes longer. */
function walked(change: (text: string) => string): Definition {
  return mapped((text) => {
    spend(text.length >>> 4)
    return change(text)
  })
}

function checked(pattern: RegExp): Definition {
  return { apply: (text) => pattern.test(own(text)) }
}

function stripped(sides: 'both' | 'left' | 'right'): Definition {
  return {
    parameters: ['chars?'],
    apply: (text, [characters = null]) =>
      strip(own(text), characters === null ? null : textArgument(characters, '', 'chars'), sides),
  }
}

function splitted(
  cut: (text: string, separator: string | null, most: number) => string[],
): Definition {
  return {
    parameters: ['sep?', 'maxsplit?'],
    apply: (text, [separator = null, most]) => {
      const by = separator === null ? null : textArgument(separator, '', 'sep')
      const parts = cut(own(text), by, integerArgument(most, -1, 'maxsplit'))
      spendText(parts.length * 16)
      return parts
    },
  }
}

function partition(text: string, [separator]: Bound, fromRight: boolean): Operand {
  const part = textArgument(separator, '', 'sep')
  if (part === '') throw new TemplateError('a text cannot be split at an empty separator')
  const at = fromRight ? text.lastIndexOf(part) : text.indexOf(part)
  if (at !== -1) return new Tuple([text.slice(0, at), part, text.slice(at + part.length)])
  return new Tuple(fromRight ? ['', '', text] : [text, '', ''])
}

function join(separator: string, items: Operand): Operand {
  let joined = ''
  for (const [index, item] of toItems(items).entries()) {
    const text = textOf(item)
    if (text === undefined) {
      throw new TemplateError(`"join" needs texts, and item ${index} is ${typeName(item)}`)
    }
    joined += index === 0 ? text : separator + text
    if (joined.length > limits.characters) spendText(joined.length)
  }
  spendText(joined.length)
  return joined
}

function affixed(test: (text: string, affix: string) => boolean): Definition {
  return {
    parameters: ['affix', 'start?', 'end?'],
    apply: (text, [affix = '', from, to]) => {
      const piece = pieceOf(own(text), from, to)
      const affixes = affix instanceof Tuple ? affix.items : [affix]
      const texts = affixes.map((one) => textArgument(one, '', 'affix'))
      return piece !== null && texts.some((one) => test(piece.text, one))
    },
  }
}

function searched(search: (piece: Piece | null, part: string) => number): Definition {
  return {
    parameters: ['sub', 'start?', 'end?'],
    apply: (text, [sub, from, to]) =>
      search(pieceOf(own(text), from, to), textArgument(sub, '', 'sub')),
  }
}

/** A part of a text, and where it starts, in characters. */
interface Piece {
  text: string
  start: number
}

/** Null where the start lies behind the end: not even an empty text is there. */
function pieceOf(text: string, from: Operand | undefined, to: Operand | undefined): Piece | null {
  if (from === undefined) return { text, start: 0 }
  const length = textLength(text)
  const bound = (given: Operand | undefined, fallback: number): number => {
    const index = given === null ? fallback : integerArgument(given, fallback, 'start')
    return Math.max(0, index < 0 ? index + length : index)
  }
  const start = bound(from, 0)
  const end = Math.min(length, bound(to, length))
  return start > end ? null : { text: textSlice(text, start, end), start }
}

/** A position in UTF-16 units as a position in characters. */
function position(piece: Piece | null, search: (text: string) => number): number {
  if (piece === null) return -1
  const { text, start } = piece
  const at = search(text)
  if (at === -1) return -1
  return start + (isNarrow(text) ? at : textLength(text.slice(0, at)))
}

function found(at: number): number {
  if (at === -1) throw new TemplateError('"index" found no such part in the text')
  return at
}

function padded(pad: (text: string, missing: number, fill: string) => string): Definition {
  return {
    parameters: ['width', 'fillchar?'],
    apply: (text, [width, fill]) => {
      const filler = textArgument(fill, ' ', 'fillchar')
      if (textLength(filler) !== 1) throw new TemplateError('"fillchar" must be one character')
      const wanted = integerArgument(width, 0, 'width')
      spendText(wanted * filler.length)
      const missing = wanted - textLength(own(text))
      return missing > 0 ? pad(own(text), missing, filler) : text
    },
  }
}

function zeroFill(text: string, width: number): string {
  spendText(width)
  const sign = /^[-+]/.exec(text)?.[0] ?? ''
  const missing = Math.max(0, width - textLength(text))
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

function expandTabs(text: string, size: number): string {
  let expanded = ''
  let column = 0
  for (const character of text) {
    if (character === '\t') {
      const spaces = size > 0 ? size - (column % size) : 0
      spendText(spaces)
      expanded += ' '.repeat(spaces)
      column += spaces
    } else {
      expanded += character
      column = character === '\n' || character === '\r' ? 0 : column + 1
    }
    if (expanded.length > limits.characters) spendText(expanded.length)
  }
  return expanded
}
