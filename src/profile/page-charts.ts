import { figure, grouped, moment, percent } from '../util/format.ts'
import type { Fit } from './fit.ts'
import type { Histogram } from './histogram.ts'
import { html, type Html } from './html.ts'
import { hashScalar, type Scalar } from './scalar.ts'
import type { ColumnStatistics } from './statistics.ts'
import { valueText } from './value-text.ts'

/** Values a chart has a bar for; those of a complete list, if they are not more. */
const mostBars = 24

/** The chart that says most of a column, or null where there is nothing to draw. */
export function chartOf(column: ColumnStatistics): Html | null {
  const { top, numbers, times, lengths, distinct } = column
  const values = top?.values ?? []
  const repeated = values.some(({ count }) => count > 1)
  if (top?.complete && values.length <= mostBars && (repeated || distinct.count === 1)) {
    return barChart(column)
  }
  if (times?.histogram) {
    const span = times.max - times.min
    return histogramChart(times.histogram, curveOf(column.fit), (value) => moment(value, span))
  }
  if (numbers?.histogram) return histogramChart(numbers.histogram, curveOf(column.fit), figure)
  if (lengths === null) return null
  return html`${
    values.length > 0 && repeated
      ? html`<p class="caption">Most frequent</p>
          ${barChart(column)}`
      : null
  }
  ${
    lengths.histogram === null
      ? null
      : html`<p class="caption">Characters</p>
          ${histogramChart(lengths.histogram, null, figure)}`
  }`
}

/** Declared shares by bin of the histogram. */
function curveOf(fit: Fit | null): readonly number[] | null {
  const shares = fit?.shares ?? null
  return shares !== null && shares.every((share) => typeof share === 'number') ? shares : null
}

/** One bar per value, with a mark where the declared share lies. */
function barChart({ top, cells, nulls, fit }: ColumnStatistics): Html {
  const all = cells - nulls.count
  const declared = declaredShares(fit)
  const rows = withMissing(top?.values ?? [], fit).map(({ value, count }) => ({
    value,
    count,
    share: all === 0 ? 0 : count / all,
    declared: value === null ? undefined : declared.get(hashScalar(value)),
  }))
  const most = Math.max(...rows.map(({ share, declared: mark }) => Math.max(share, mark ?? 0)), 0)
  const width = (share: number): string => (most === 0 ? '0' : ((100 * share) / most).toFixed(2))
  return html`<div class="bars">
    ${rows.map(
      ({ value, count, share, declared: mark }) =>
        html` <span class="name" title="${valueText(value)}">${valueText(value)}</span>
          <span class="track" title="${titleOf(share, mark)}"
            ><span class="fill" style="width:${width(share)}%"></span>${
              mark === undefined
                ? null
                : html`<span class="mark" style="left:${width(mark)}%"></span>`
            }</span
          >
          <span class="number"
            >${top?.error === 0 ? '' : '≥ '}${grouped(count)} · ${percent(share)}</span
          >`,
    )}
  </div>`
}

/** Declared values that did not come have a bar of no length; numbers stand in their order. */
function withMissing(values: readonly BarValue[], fit: Fit | null): BarValue[] {
  const present = new Set(values.map(({ value }) => value))
  const missing = (fit?.shares ?? []).flatMap((one) =>
    typeof one === 'number' || present.has(one.value) ? [] : [{ value: one.value, count: 0 }],
  )
  const all = [...values, ...missing].slice(0, mostBars)
  return all.every(({ value }) => typeof value === 'number')
    ? all.sort((one, other) => Number(one.value) - Number(other.value))
    : all
}

interface BarValue {
  value: Scalar
  count: number
}

function declaredShares(fit: Fit | null): Map<number, number> {
  const shares = new Map<number, number>()
  for (const one of fit?.shares ?? []) {
    if (typeof one === 'number') continue
    const value: Scalar = one.value
    if (value !== null) shares.set(hashScalar(value), one.share)
  }
  return shares
}

function titleOf(share: number, declared: number | undefined): string {
  return declared === undefined
    ? percent(share)
    : `${percent(share)}; declared ${percent(declared)}`
}

const width = 480
const height = 120

/** Bars of equal width; a line where the declared distribution would have them. */
function histogramChart(
  { edges, shares }: Histogram,
  declared: readonly number[] | null,
  text: (value: number) => string,
): Html {
  const most = Math.max(...shares, ...(declared ?? []))
  const step = width / shares.length
  const y = (share: number): string => (height - (height - 4) * (share / most)).toFixed(1)
  const first = edges[0] as number
  const last = edges.at(-1) as number
  const bars = shares.map((share, at) => {
    const from = text(edges[at] as number)
    const to = text(edges[at + 1] as number)
    const mark = declared?.[at]
    return html`<rect
      class="bar"
      x="${(at * step + 0.75).toFixed(1)}"
      y="${y(share)}"
      width="${(step - 1.5).toFixed(1)}"
      height="${(height - Number(y(share))).toFixed(1)}"
      ><title>${from} to ${to}: ${titleOf(share, mark)}</title></rect
    >`
  })
  const line = declared?.flatMap((share, at) => [
    `${(at * step).toFixed(1)},${y(share)}`,
    `${((at + 1) * step).toFixed(1)},${y(share)}`,
  ])
  return html`<svg
      viewBox="0 0 ${width} ${height}"
      preserveAspectRatio="none"
      role="img"
      aria-label="Histogram from ${text(first)} to ${text(last)}"
    >
      ${bars}
      <line class="axis" x1="0" y1="${height}" x2="${width}" y2="${height}" />
      ${line === undefined ? null : html`<polyline class="curve" points="${line.join(' ')}" />`}
    </svg>
    <div class="ends">
      <span>${text(first)}</span><span>${text((first + last) / 2)}</span><span>${text(last)}</span>
    </div>`
}
