import { type ColumnStatistics, lostText } from '../profile/statistics.ts'
import { valueText } from '../profile/value-text.ts'
import type { VectorStatistics } from '../profile/vectors.ts'
import { counted, figure, grouped, moment, percent } from '../util/format.ts'
import type { Paint } from './terminal.ts'
import { visibleLine } from '../util/visible.ts'
import { padEnd, startOf, widthOf, wrap } from './width.ts'

/** Columns named one by one at the end of a run; `rowsmith report` has all. */
const columnsInShort = 40

export interface StatisticsLayout {
  style: Paint
  /** Where lines are broken. */
  width: number
  /** Columns that are reported. */
  most?: number
}

/** Longest name that has its facts next to it. */
const mostIndent = 24

/** The statistics of columns for a terminal: a line or two of facts each. */
export function statisticsLines(
  columns: readonly ColumnStatistics[],
  { style, width, most = columnsInShort }: StatisticsLayout,
): string[] {
  const shown = columns.slice(0, most)
  const names = shown.map(({ name }) => visibleLine(name))
  const indent = Math.min(mostIndent, Math.max(4, ...names.map((name) => widthOf(name))))
  const room = Math.max(20, width - indent - 4)
  const lines = shown.flatMap((column, at) => {
    const name = names[at] ?? ''
    const differs = column.fit?.verdict === 'differs' ? wrap(differsText(column), room) : []
    const [first = '', ...rest] = [
      ...factsOf(column).flatMap((fact) => wrap(fact, room)),
      ...differs.map((line) => style('red', line)),
    ]
    const title = style('bold', padEnd(name, indent))
    const head = widthOf(name) > indent ? [`  ${title}`, beside('', first)] : [beside(title, first)]
    return [...head, ...rest.map((line) => beside('', line))]
  })
  const left = columns.length - shown.length
  return left > 0 ? [...lines, `  … and ${counted(left, 'more column')}`] : lines

  function beside(name: string, text: string): string {
    return `  ${name === '' ? ' '.repeat(indent) : name}  ${text}`
  }
}

function factsOf(column: ColumnStatistics): string[] {
  if (column.cells === 0) return ['no records yet']
  return [
    [typeText(column), ...distinctText(column), ...nullText(column), ...fitText(column)].join(', '),
    ...valuesText(column),
  ]
}

function typeText({ kind, type, dropped }: ColumnStatistics): string {
  const what = kind === null ? type : `${kind} (${type})`
  return dropped ? `${what}, not in the dataset` : what
}

function distinctText({ distinct, cells, nulls }: ColumnStatistics): string[] {
  if (distinct === null) return []
  const all = distinct.exact && distinct.count === cells - nulls.count && distinct.count > 1
  if (all) return ['all different']
  return [`${distinct.exact ? '' : '≈ '}${grouped(distinct.count)} different`]
}

function nullText({ nulls, cells }: ColumnStatistics): string[] {
  if (nulls.count === 0) return []
  const reasons = [
    ...nulls.failed.map(({ code, count }) => `${grouped(count)} ${code}`),
    ...(nulls.skipped !== null && nulls.skipped > 0 ? [`${grouped(nulls.skipped)} skipped`] : []),
    ...(nulls.other > 0
      ? [`${grouped(nulls.other)} ${nulls.skipped === null ? 'skipped or made so' : 'made so'}`]
      : []),
  ]
  return [`${percent(nulls.count / cells)} null (${reasons.join(', ')})`]
}

function fitText({ fit }: ColumnStatistics): string[] {
  return fit?.verdict === 'as-declared' ? ['as declared'] : []
}

function differsText({ fit }: ColumnStatistics): string {
  if (fit === null || fit.gap === null) return ''
  const { at, observed, declared } = fit.gap
  const lost = lostText(fit)
  return `differs from ${visibleLine(fit.declared)}: ${percent(observed)} at ${valueText(at)}, declared ${percent(declared)}${lost === '' ? '' : ` (${lost})`}`
}

function valuesText(column: ColumnStatistics): string[] {
  const { numbers, times, lengths, tokens, top, vectors } = column
  if (vectors !== null) return [vectorText(vectors)]
  const few = top?.complete === true && top.values.length <= 12
  if (few && top.values.some(({ count }) => count > 1)) return [sharesText(column)]
  if (times !== null) {
    const span = times.max - times.min
    return [
      `${spark(times.histogram, times.count)}${moment(times.min, span)} to ${moment(times.max, span)}`,
    ]
  }
  if (numbers !== null) {
    const { min, max, mean, stddev, quantiles } = numbers
    if (min === max) return [`always ${figure(min)}`]
    return [
      `${spark(numbers.histogram, numbers.count)}${figure(min)} … ${figure(quantiles.p50)} … ${figure(max)}, mean ${figure(mean)} ± ${figure(stddev)}`,
    ]
  }
  if (lengths === null) return []
  const { min, max, quantiles } = lengths
  const size =
    min === max
      ? `${counted(min, 'character')} each`
      : `${spark(lengths.histogram, lengths.count)}${grouped(min)} … ${grouped(quantiles.p50)} … ${grouped(max)} characters`
  return [tokens === null ? size : `${size}, ≈ ${figure(Math.round(tokens.mean))} tokens`]
}

function vectorText({ sizes, norms }: VectorStatistics): string {
  const { min, max } = sizes
  const numbers = min === max ? counted(min, 'number') : `${grouped(min)} … ${grouped(max)} numbers`
  const length =
    figure(norms.min) === figure(norms.max)
      ? figure(norms.min)
      : `${figure(norms.min)} … ${figure(norms.quantiles.p50)} … ${figure(norms.max)}`
  return `${numbers} each, length ${length}`
}

/** Most values listed with their shares, and most letters of each. */
const mostShares = 6
const mostLetters = 32

function sharesText({ top, cells, nulls }: ColumnStatistics): string {
  const values = top?.values ?? []
  // A line for one more says less than the value.
  const shown = values.length > mostShares + 1 ? values.slice(0, mostShares) : values
  const texts = shown.map(({ value, count }) => {
    const text = valueText(value)
    const short = widthOf(text) > mostLetters ? `${startOf(text, mostLetters - 1)}…` : text
    return `${short} ${percent(count / (cells - nulls.count))}`
  })
  const left = values.length - shown.length
  return [...texts, ...(left > 0 ? [`… ${grouped(left)} more`] : [])].join(', ')
}

const blocks = '▁▂▃▄▅▆▇█'

/** Cells below which a histogram shows nothing but gaps. */
const fewCells = 20

/** A histogram in twelve characters. */
function spark(histogram: { shares: readonly number[] } | null, cells: number): string {
  if (histogram === null || cells < fewCells) return ''
  const pairs = histogram.shares.flatMap((share, at) =>
    at % 2 === 0 ? [share + (histogram.shares[at + 1] ?? 0)] : [],
  )
  const most = Math.max(...pairs)
  return `${pairs.map((share) => blocks[Math.min(7, Math.floor((share / most) * 7.999))]).join('')}  `
}
