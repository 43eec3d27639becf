import { spend } from '../limits.ts'
import { failUndefined, isDict, isList, typeName, Undefined, type Operand } from './operand.ts'
import { TemplateError } from '../template-error.ts'

type Step = (value: Operand) => readonly Operand[]

/** What a JSONPath finds: `$.a.b[0]`, `['key']`, `[*]`, `[1:3]`, `..name`. */
export function jsonPath(operand: Operand, path: string): Operand {
  if (operand instanceof Undefined) failUndefined(operand)
  if (!isDict(operand) && !isList(operand)) {
    throw new TemplateError(`"jsonpath" needs an object, not ${typeName(operand)}`)
  }
  let found: Operand[] = [operand]
  for (const step of parse(path)) {
    found = found.flatMap((value) => {
      spend(1)
      return step(value)
    })
    spend(found.length)
  }
  return found
}

const part =
  /(\.\.)?(?:\.?([\p{ID_Start}_][\p{ID_Continue}-]*)|\.?(\*)|\[\s*(?:(\*)|(-?\d+)|'([^']*)'|"([^"]*)"|(-?\d*)\s*:\s*(-?\d*)(?:\s*:\s*(-?\d*))?)\s*\])/uy

function parse(path: string): Step[] {
  const text = path.trim()
  const steps: Step[] = []
  let at = text.startsWith('$') ? 1 : 0
  while (at < text.length) {
    part.lastIndex = at
    const match = part.exec(text)
    if (match === null) {
      throw new TemplateError(
        `"jsonpath" cannot read ${JSON.stringify(text)} from character ${at + 1}`,
      )
    }
    at = part.lastIndex
    const [, deep, name, star, all, index, single, double, from, to, step] = match
    if (deep !== undefined) steps.push(descendants)
    if (star !== undefined || all !== undefined) steps.push(children)
    else if (index !== undefined) steps.push(element(Number(index)))
    else if (from !== undefined) steps.push(range(from, to ?? '', step ?? ''))
    else steps.push(member(name ?? single ?? double ?? ''))
  }
  return steps
}

function member(name: string): Step {
  return (value) => {
    const found = isDict(value) ? value.get(name) : undefined
    return found === undefined ? [] : [found]
  }
}

function element(index: number): Step {
  return (value) => {
    const found = isList(value) ? value.at(index) : undefined
    return found === undefined ? [] : [found]
  }
}

function range(from: string, to: string, step: string): Step {
  const every = step === '' ? 1 : Number(step)
  if (!(every > 0)) throw new TemplateError('"jsonpath" needs steps above 0')
  return (value) => {
    if (!isList(value)) return []
    const picked = value.slice(from === '' ? 0 : Number(from), to === '' ? undefined : Number(to))
    return picked.filter((_, index) => index % every === 0)
  }
}

function children(value: Operand): readonly Operand[] {
  if (isDict(value)) return [...value.values()]
  return isList(value) ? value : []
}

function descendants(value: Operand): readonly Operand[] {
  const found: Operand[] = [value]
  for (const child of children(value)) {
    spend(1)
    if (isDict(child) || isList(child)) for (const inner of descendants(child)) found.push(inner)
  }
  return found
}
