import { figure, grouped, moment, percent } from '../util/format.ts'
import type { Histogram } from './histogram.ts'
import { html, type Html } from './html.ts'
import type { ColumnStatistics } from './statistics.ts'
import { valueText } from './value-text.ts'

/** The chart that says most of a column, or null where there is nothing to draw. */
export function chartOf(column: ColumnStatistics): Html | null {
  const { top, numbers, times, lengths, distinct } = column
  const values = top?.values ?? []
  const repeated = values.some(({ count }) => count > 1)
  if (top?.complete && (repeated || distinct?.count === 1)) {
    return barChart(column)
  }
  if (times?.histogram) {
    const span = times.max - times.min
    return histogramChart(times.histogram, column.fit?.bins ?? null, (value) => moment(value, span))
  }
  if (numbers?.histogram) return histogramChart(numbers.histogram, column.fit?.bins ?? null, figure)
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

/** One bar per value, with a mark where the declared share lies; numbers stand in their order. */
function barChart({ top, cells, nulls }: ColumnStatistics): Html {
  const all = cells - nulls.count
  const values = [...(top?.values ?? [])]
  if (values.every(({ value }) => typeof value === 'number')) {
    values.sort((one, other) => Number(one.value) - Number(other.value))
  }
  const rows = values.map((one) => ({ ...one, share: all === 0 ? 0 : one.count / all }))
  const most = Math.max(...rows.map(({ share, declared }) => Math.max(share, declared ?? 0)), 0)
  const width = (share: number): string => (most === 0 ? '0' : ((100 * share) / most).toFixed(2))
  return html`<div class="bars">
    ${rows.map(
      ({ value, count, share, declared }) =>
        html` <span class="name" title="${valueText(value)}">${valueText(value)}</span>
          <span class="track" title="${titleOf(share, declared)}"
            ><span class="fill" style="width:${width(share)}%"></span>${
              declared === null
                ? null
                : html`<span class="mark" style="left:${width(declared)}%"></span>`
            }</span
          >
          <span class="number"
            >${top?.error === 0 ? '' : '≥ '}${grouped(count)} · ${percent(share)}</span
          >`,
    )}
  </div>`
}

function titleOf(share: number, declared: number | null): string {
  return declared === null ? percent(share) : `${percent(share)}; declared ${percent(declared)}`
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
    const mark = declared?.[at] ?? null
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
