import type { AgreementConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { sampleSize } from '../config/report-parts.ts'
import { modelOf } from '../config/resolve-dataset.ts'
import { nearest } from '../util/near-miss.ts'
import type { ColumnType } from './column-type.ts'
import type { Draft } from './draft.ts'
import { operationOf } from './generation-operation.ts'
import type { GraphAgreement } from './graph.ts'
import type { Score } from './kind.ts'
import { mayBelongToBroken } from './resolve-references.ts'

/** The models that write summaries must be there, and to write. */
export function checkProfilers({ input: { dataset } }: Draft): Problem[] {
  const aliases = dataset.models.map(({ alias }) => alias)
  return dataset.profilers.flatMap((profiler, index): Problem[] => {
    const { model_alias: alias } = profiler
    // It asks for nothing, or it can't be read and was reported.
    if (sampleSize(profiler) === 0) return []
    const path = ['profilers', index, 'model_alias']
    const model = modelOf(dataset, alias)
    if (model === undefined) {
      const near = nearest(alias, aliases)
      return [
        {
          level: 'error',
          code: 'unknown-model',
          path,
          message: `Profiler ${index + 1} uses the model alias '${alias}', which is not configured`,
          expected:
            aliases.length === 0 ? 'an entry in model_configs' : `one of ${aliases.join(', ')}`,
          received: alias,
          suggestion: near === undefined ? 'Add it to model_configs.' : `Did you mean '${near}'?`,
        },
      ]
    }
    const { generation_type: type } = model.inference_parameters
    if (operationOf[type] === 'chat') return []
    return [
      {
        level: 'error',
        code: 'unsupported-generation-type',
        path,
        message: `Profiler ${index + 1} has summaries written by the model alias '${alias}', and that model writes no text`,
        expected: 'an alias with generation_type chat-completion',
        received: type,
      },
    ]
  })
}

/** What the columns of an agreement must say of themselves. */
interface Judge {
  name: string
  type: ColumnType
  /** Null for a column that is a score itself. */
  scores: readonly Score[] | null
}

/** Finds what judges have in common, score by score. */
export function compareScores(draft: Draft): Problem[] {
  const problems: Problem[] = []
  const agreements: GraphAgreement[] = []
  for (const [index, agreement] of draft.input.dataset.agreement.entries()) {
    const path = ['agreement', index]
    const judges: (Judge | null)[] = agreement.columns.map((name, at) => {
      const judge = judgeOf(draft, name)
      if (judge === null || isJudge(judge)) return judge
      problems.push(...noJudge(draft, name, [...path, 'columns', at]))
      return null
    })
    for (const name of agreement.columns) draft.readByProcessors.add(name)
    const known = judges.filter((judge) => judge !== null)
    if (known.length < judges.length || known.length === 0) continue
    const compared = compare(agreement, known, path)
    problems.push(...compared.problems)
    agreements.push(...compared.agreements)
  }
  draft.agreements = agreements
  return problems
}

/** Types of columns whose values are scores themselves. */
const scoreTypes: ReadonlySet<ColumnType> = new Set(['string', 'int64', 'float64', 'bool'])

function isJudge({ type, scores }: Judge): boolean {
  return scores !== null || scoreTypes.has(type)
}

/** Null for a column with a separate problem; its type is `json` where there is none. */
function judgeOf(draft: Draft, name: string): Judge | null {
  const owner = draft.names.get(name)
  if (owner === undefined) {
    return mayBelongToBroken(draft, name) ? null : { name, type: 'json', scores: null }
  }
  const { description } = owner.column
  if (description === null) return null
  if (owner.side === null) {
    return { name, type: description.output, scores: description.scores ?? null }
  }
  return { name, type: description.sides?.[owner.side]?.output ?? 'json', scores: null }
}

function noJudge(draft: Draft, name: string, path: ConfigPath): Problem[] {
  const isColumn = draft.names.has(name)
  const judging = [...draft.names].flatMap(([other, { column, side }]) =>
    side === null && column.description?.scores !== undefined ? [other] : [],
  )
  const near = nearest(name, isColumn ? [] : draft.names.keys())
  const suggestion = near === undefined ? judgesThere(judging) : `Did you mean '${near}'?`
  return [
    {
      level: 'error',
      code: isColumn ? 'no-scores' : 'unknown-reference',
      path,
      message: isColumn
        ? `Column '${name}' has no scores to compare`
        : `The agreement names '${name}', which is not a column`,
      expected: 'a column of judgements, or one of texts, numbers or booleans',
      received: name,
      ...(suggestion === null ? {} : { suggestion }),
    },
  ]
}

function judgesThere(names: readonly string[]): string | null {
  return names.length === 0 ? null : `Columns of judgements here: ${names.join(', ')}.`
}

function compare(
  { score: wanted, level }: AgreementConfig,
  judges: readonly Judge[],
  path: ConfigPath,
): { agreements: GraphAgreement[]; problems: Problem[] } {
  const columns = judges.map(({ name }) => name)
  const judging = judges.filter(({ scores }) => scores !== null)
  const [first] = judging
  if (first === undefined) {
    const areNumbers = judges.every(({ type }) => type === 'int64' || type === 'float64')
    const own = { columns, score: null, level: level ?? (areNumbers ? 'interval' : 'nominal') }
    return { agreements: [{ ...own, options: [] }], problems: [] }
  }
  const shared = (first.scores ?? []).filter(({ name }) =>
    judging.every(({ scores }) => scores?.some((score) => score.name === name)),
  )
  const chosen = shared.filter(({ name }) => wanted === null || name === wanted)
  if (chosen.length === 0) return { agreements: [], problems: [noScore(wanted, shared, path)] }
  const problems: Problem[] = []
  const agreements = chosen.map(({ name, options }): GraphAgreement => {
    const words = options.map(({ value }) => value)
    for (const judge of judging) {
      const own = judge.scores?.find((score) => score.name === name)?.options ?? []
      const others = own.map(({ value }) => value)
      if (words.toSorted().join('\n') === others.toSorted().join('\n')) continue
      problems.push(otherOptions(name, [first.name, words], [judge.name, others], path))
    }
    const areNumbers = words.every(isNumber)
    if (level === 'interval' && !areNumbers) problems.push(noInterval(name, words, path))
    const usual = areNumbers ? 'ordinal' : 'nominal'
    const order = areNumbers ? words.toSorted((one, other) => Number(one) - Number(other)) : words
    return { columns, score: name, level: level ?? usual, options: order }
  })
  return { agreements, problems }
}

function isNumber(word: string): boolean {
  return word.trim() !== '' && Number.isFinite(Number(word))
}

function noScore(wanted: string | null, shared: readonly Score[], path: ConfigPath): Problem {
  const names = shared.map(({ name }) => name)
  const near = wanted === null ? undefined : nearest(wanted, names)
  return {
    level: 'error',
    code: 'no-scores',
    path: [...path, wanted === null ? 'columns' : 'score'],
    message:
      wanted === null
        ? 'The judges of the agreement share no score'
        : `The score '${wanted}' is not one that all judges of the agreement give`,
    expected: names.length === 0 ? 'judges with a score of one name' : `one of ${names.join(', ')}`,
    ...(wanted === null ? {} : { received: wanted }),
    ...(near === undefined ? {} : { suggestion: `Did you mean '${near}'?` }),
  }
}

function otherOptions(
  score: string,
  [one, words]: [string, readonly string[]],
  [other, others]: [string, readonly string[]],
  path: ConfigPath,
): Problem {
  return {
    level: 'error',
    code: 'different-options',
    path: [...path, 'columns'],
    message: `The score '${score}' has other options in '${other}' than in '${one}', so the two can't agree`,
    expected: words.join(', '),
    received: others.join(', '),
    suggestion: 'Give the score the same options in both columns.',
  }
}

function noInterval(score: string, words: readonly string[], path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'no-interval',
    path: [...path, 'level'],
    message: `The options of the score '${score}' are not numbers, so their distance is unknown`,
    expected: 'nominal, or ordinal if the options are in order',
    received: `interval, of ${words.join(', ')}`,
  }
}
