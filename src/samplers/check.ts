import type { ConfigPath, Problem } from '../config/problem.ts'
import { CellFailure } from '../graph/failure.ts'
import { branchesOf, conversionOf, type SamplerColumn } from './column.ts'
import { conversionProblem, meantConversion } from './conversion.ts'
import type { SamplerCheckContext } from './define.ts'
import { refusal } from './refusal.ts'

/** Everything the schema of a sampler column can't see, but what its conditions read. */
export function checkSampler(
  column: SamplerColumn,
  path: ConfigPath,
  referenced: SamplerCheckContext['referenced'],
): Problem[] {
  const { name, sampler, params, conditions, convertTo } = column
  const places: [unknown, ConfigPath][] = [
    [params, [...path, 'params']],
    ...conditions.map((condition): [unknown, ConfigPath] => [
      condition.params,
      [...path, 'conditional_params', condition.source],
    ]),
  ]
  const problems = places.flatMap(
    ([branch, place]) =>
      sampler.check?.(branch, { columnName: name, path: place, referenced }) ?? [],
  )
  const wrong = conversionProblem(sampler.converts, convertTo)
  if (wrong === null) return [...problems, ...listedProblems(column, path)]
  const message = `Column '${name}' has a convert_to that cannot be used`
  const meant = convertTo === null ? undefined : meantConversion(sampler.converts, convertTo)
  const details = {
    expected: wrong,
    received: `'${convertTo}'`,
    ...(meant === undefined ? {} : { suggestion: `Did you mean '${meant}'?` }),
  }
  return [...problems, refusal('unknown-conversion', [...path, 'convert_to'], message, details)]
}

/** A listed value that no conversion fits would fail every row that draws it. */
function listedProblems(column: SamplerColumn, path: ConfigPath): Problem[] {
  const conversion = conversionOf(column)
  if (conversion === null) return []
  for (const params of branchesOf(column)) {
    for (const value of column.sampler.listed?.(params) ?? []) {
      try {
        conversion.convert(value, null)
      } catch (error) {
        if (!(error instanceof CellFailure)) throw error
        const message = `Column '${column.name}' can't convert all its values: ${error.message}`
        const suggestion = 'Remove the value or the convert_to.'
        return [refusal('cast-failed', [...path, 'convert_to'], message, { suggestion })]
      }
    }
  }
  return []
}
