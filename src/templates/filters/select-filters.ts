import { iterate } from '../values/iterate.ts'
import { lazy } from './list-filters.ts'
import { attributePath } from './member.ts'
import {
  failUndefined,
  orElse,
  textOf,
  truthy,
  Undefined,
  type Arguments,
  type Operand,
} from '../values/operand.ts'
import type { Definition, Operation, RenderContext } from '../values/operation.ts'
import { TemplateError } from '../template-error.ts'
import { jsonPath } from '../values/json-path.ts'
import { fromJson } from '../values/json-text.ts'

export const selectFilters = {
  map: {
    variadic: (operand, given, context) => {
      const change = mapping(given)
      return lazy(
        'map',
        walk(operand, (item) => [change(item, context)]),
      )
    },
  },
  select: { variadic: selection('select', false, true) },
  reject: { variadic: selection('reject', false, false) },
  selectattr: { variadic: selection('selectattr', true, true) },
  rejectattr: { variadic: selection('rejectattr', true, false) },
  attr: {
    parameters: ['name'],
    apply: (operand, [name = ''], context) => {
      if (operand instanceof Undefined) failUndefined(operand)
      const key = textOf(name) ?? ''
      // Only members, never keys: on an object that has only keys there is nothing to find.
      const member = operand instanceof Map ? undefined : context.attribute(operand, key)
      return orElse(member, () => context.missing(`there is no attribute "${key}"`))
    },
  },
  fromjson: { apply: fromJson },
  jsonpath: {
    parameters: ['expr'],
    apply: (operand, [path]) => jsonPath(operand, textOf(path ?? '') ?? ''),
  },
} satisfies Record<string, Definition>

function* walk(
  operand: Operand,
  each: (item: Operand) => readonly Operand[],
): IterableIterator<Operand> {
  // As in Jinja, what is false counts as nothing, even where it could not be walked.
  if (!truthy(operand)) return
  for (const item of iterate(operand)) yield* each(item)
}

function mapping({
  positional,
  named,
}: Arguments): (item: Operand, context: RenderContext) => Operand {
  const attribute = named.get('attribute')
  if (positional.length === 0 && attribute !== undefined) {
    for (const name of named.keys()) {
      if (name !== 'attribute' && name !== 'default') {
        throw new TemplateError(`"map" has no argument "${name}"; it takes attribute, default`)
      }
    }
    return attributePath(attribute, named.get('default') ?? undefined)
  }
  const [name, ...rest] = positional
  if (name === undefined) {
    throw new TemplateError('"map" needs the name of a filter, or attribute=')
  }
  const given = { positional: rest, named }
  return (item, context) => context.filter(textOf(name) ?? '', item, given)
}

function selection(filter: string, byAttribute: boolean, wanted: boolean): Operation {
  return (operand, { positional, named }, context) => {
    const rest = [...positional]
    const attribute = byAttribute ? rest.shift() : null
    if (attribute === undefined)
      throw new TemplateError(`"${filter}" needs the name of an attribute`)
    const valueOf = attributePath(attribute)
    const test = rest.shift()
    const given = { positional: rest, named }
    const holds = (item: Operand): boolean => {
      const value = valueOf(item, context)
      return test === undefined ? truthy(value) : context.test(textOf(test) ?? '', value, given)
    }
    return lazy(
      filter,
      walk(operand, (item) => (holds(item) === wanted ? [item] : [])),
    )
  }
}
