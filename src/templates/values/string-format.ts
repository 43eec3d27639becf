import { formatValue } from './format-spec.ts'
import { limits, spend, spendText } from '../limits.ts'
import { orElse, type Arguments, type Operand } from './operand.ts'
import type { RenderContext } from './operation.ts'
import { quote, toAscii, toRepr, toText } from './python-text.ts'
import { TemplateError } from '../template-error.ts'

interface Numbering {
  /** The next `{}`; null once a field had a separate number. */
  next: number | null
  manual: boolean
}

/** Python's `str.format`. */
export function formatText(text: string, given: Arguments, context: RenderContext): string {
  return expand(text, given, context, { next: 0, manual: false }, 0)
}

function expand(
  text: string,
  given: Arguments,
  context: RenderContext,
  numbering: Numbering,
  depth: number,
): string {
  if (depth > 1) throw new TemplateError('a format nests too deeply')
  let out = ''
  let at = 0
  while (at < text.length) {
    const brace = nextBrace(text, at)
    out += text.slice(at, brace)
    if (brace === text.length) break
    const character = text.charAt(brace)
    if (text.charAt(brace + 1) === character) {
      out += character
      at = brace + 2
      continue
    }
    if (character === '}') throw new TemplateError('a format has a single "}"')
    const end = fieldEnd(text, brace + 1)
    spend(1)
    out += field(text.slice(brace + 1, end), given, context, numbering, depth)
    if (out.length > limits.characters) spendText(out.length)
    at = end + 1
  }
  return out
}

function nextBrace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charAt(at) !== '{' && text.charAt(at) !== '}') at++
  return at
}

function fieldEnd(text: string, from: number): number {
  let open = 1
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '{') open++
    else if (character === '}' && --open === 0) return at
  }
  throw new TemplateError('a format has a "{" without "}"')
}

function field(
  source: string,
  given: Arguments,
  context: RenderContext,
  numbering: Numbering,
  depth: number,
): string {
  const match = /^([^!:{}]*)(?:!([^]))?(?::([^]*))?$/.exec(source)
  if (match === null) throw new TemplateError(`a format has the field ${JSON.stringify(source)}`)
  const [, path = '', conversion, spec = ''] = match
  let value = resolve(path, given, context, numbering)
  if (conversion === 'r') value = toRepr(value)
  else if (conversion === 'a') value = toAscii(toRepr(value))
  else if (conversion === 's') value = toText(value)
  else if (conversion !== undefined) {
    throw new TemplateError(`a format has the unknown conversion "!${conversion}"`)
  }
  const expanded = spec.includes('{') ? expand(spec, given, context, numbering, depth + 1) : spec
  return formatValue(value, expanded)
}

function resolve(
  path: string,
  given: Arguments,
  context: RenderContext,
  numbering: Numbering,
): Operand {
  const [, first = '', rest = ''] = /^([^.[]*)([^]*)$/.exec(path) ?? []
  let value = argument(first, given, numbering)
  const steps = /\.([^.[]+)|\[([^\]]+)\]/y
  for (let at = 0; at < rest.length; at = steps.lastIndex) {
    steps.lastIndex = at
    const step = steps.exec(rest)
    if (step === null) throw new TemplateError(`a format has the field ${JSON.stringify(path)}`)
    const [, attribute, key = ''] = step
    const next =
      attribute === undefined
        ? context.item(value, /^\d{1,15}$/.test(key) ? Number(key) : key)
        : context.attribute(value, attribute)
    value = orElse(next, () =>
      context.missing(`a format asks for ${quote(attribute ?? key)}, which is missing`),
    )
  }
  return value
}

function argument(name: string, given: Arguments, numbering: Numbering): Operand {
  if (name === '' || /^\d+$/.test(name)) {
    const automatic = name === ''
    if (automatic ? numbering.manual : numbering.next !== 0 && numbering.next !== null) {
      throw new TemplateError('a format cannot mix {} and {0}')
    }
    if (!automatic) numbering.manual = true
    const index = automatic ? (numbering.next ?? 0) : Number(name)
    if (automatic) numbering.next = index + 1
    const value = given.positional[index]
    if (value === undefined) throw new TemplateError(`a format has no argument ${index}`)
    return value
  }
  const value = given.named.get(name)
  if (value === undefined) throw new TemplateError(`a format has no argument ${quote(name)}`)
  return value
}
