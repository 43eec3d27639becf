import { limits, spend, spendText } from '../limits.ts'
import { randomness } from '../filters/list-filters.ts'
import { namedEntries, pairsOf } from '../filters/member.ts'
import {
  Callable,
  Dict,
  Facade,
  Markup,
  Range,
  type Arguments,
  type Operand,
} from '../values/operand.ts'
import {
  defineOperations,
  flagArgument,
  integerArgument,
  type Definition,
  type Operation,
  type RenderContext,
} from '../values/operation.ts'
import { toRepr } from '../values/python-text.ts'
import type { GlobalName } from '../parse/stock-names.ts'
import { TemplateError } from '../template-error.ts'

const definitions: Readonly<Record<GlobalName, Definition>> = {
  range: {
    parameters: ['start', 'stop?', 'step?'],
    apply: (_, [start, stop, step]) => {
      const first = stop === undefined ? 0 : integerArgument(start, 0, 'start')
      const end = integerArgument(stop ?? start, 0, 'stop')
      const by = integerArgument(step, 1, 'step')
      if (by === 0) throw new TemplateError('the step of "range" cannot be 0')
      const range = new Range(first, end, by)
      if (range.length > limits.range) {
        throw new TemplateError(
          `a range of ${range.length} numbers is too long: the limit is ${limits.range}`,
        )
      }
      return range
    },
  },
  dict: { variadic: (_, given) => makeDict('dict', given) },
  namespace: {
    variadic: (_, given) => {
      const members = new Map(namedEntries(makeDict('namespace', given), '"namespace"'))
      return new Facade('Namespace', () => `<Namespace ${toRepr(members)}>`, {}, members)
    },
  },
  cycler: {
    variadic: (_, { positional }) => {
      if (positional.length === 0) throw new TemplateError('"cycler" needs at least one item')
      return cycler(positional)
    },
  },
  joiner: {
    parameters: ['sep?'],
    apply: (_, [separator = ', ']) => {
      let used = false
      const call = (): Operand => {
        if (used) return separator
        used = true
        return ''
      }
      return new Facade('Joiner', () => '<Joiner>', { call })
    },
  },
  lipsum: {
    parameters: ['n?', 'html?', 'min?', 'max?'],
    apply: (_, [count, html, least, most], context) => {
      const paragraphs = integerArgument(count, 5, 'n')
      const low = integerArgument(least, 20, 'min')
      const high = integerArgument(most, 100, 'max')
      if (high <= low) throw new TemplateError('"lipsum" needs a "max" above "min"')
      const texts: string[] = []
      for (let index = 0; index < paragraphs; index++) texts.push(paragraph(low, high, context))
      if (!flagArgument(html, true)) return texts.join('\n\n')
      return new Markup(texts.map((text) => `<p>${text}</p>`).join('\n'))
    },
  },
}

const globalTable: ReadonlyMap<string, Operation> = defineOperations(definitions)

/** A global function by name; undefined where there is none. */
export function globalOf(name: string, context: RenderContext): Operand | undefined {
  const operation = globalTable.get(name)
  return operation && new Callable(name, (given) => operation(null, given, context))
}

function makeDict(name: string, { positional, named }: Arguments): ReadonlyMap<Operand, Operand> {
  if (positional.length > 1) throw new TemplateError(`"${name}" takes at most one object`)
  const dict = new Dict()
  const [base] = positional
  if (base !== undefined) for (const [key, value] of pairsOf(base)) dict.set(key, value)
  for (const [key, value] of named) dict.set(key, value)
  return dict
}

function cycler(items: readonly Operand[]): Facade {
  let at = 0
  const next = new Callable('next', () => {
    const item = items[at] ?? null
    at = (at + 1) % items.length
    return item
  })
  const reset = new Callable('reset', () => {
    at = 0
    return null
  })
  const attribute = (name: string): Operand | undefined => {
    if (name === 'next') return next
    if (name === 'reset') return reset
    return name === 'current' ? (items[at] ?? null) : undefined
  }
  return new Facade('Cycler', () => '<Cycler>', { attribute })
}

const words = (
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut ' +
  'labore et dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris ' +
  'nisi aliquip ex ea commodo consequat duis aute irure in reprehenderit voluptate velit esse ' +
  'cillum eu fugiat nulla pariatur excepteur sint occaecat cupidatat non proident sunt culpa qui ' +
  'officia deserunt mollit anim id est laborum'
).split(' ')

/** Sentences of four to twelve words, together between `low` and `high` words. */
function paragraph(low: number, high: number, context: RenderContext): string {
  const random = randomness(context, 'lipsum')
  const below = (bound: number): number => Math.floor(random() * bound)
  let left = low + below(high - low)
  const sentences: string[] = []
  while (left > 0) {
    const length = Math.min(left, 4 + below(9))
    left -= length
    spend(length)
    const chosen = Array.from({ length }, () => words[below(words.length)] ?? 'lorem')
    const sentence = chosen.join(' ')
    sentences.push(`${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`)
    spendText(sentences.length * 100)
  }
  return sentences.join(' ')
}
