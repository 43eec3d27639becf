import { counted, figure, grouped, moment, percent } from '../util/format.ts'
import { html, type Html } from './html.ts'
import { chartOf } from './page-charts.ts'
import { type ColumnStatistics, lostText } from './statistics.ts'
import { valueText } from './value-text.ts'

/** What is known of a column. */
export function columnCard(column: ColumnStatistics, more: Html | null = null): Html {
  return html`<section class="card">
    <div class="head">
      <h3>${valueText(column.name)}</h3>
      ${column.kind === null ? null : html`<span class="tag">${valueText(column.kind)}</span>`}<span
        class="tag"
        >${column.type}</span
      >${column.dropped ? html`<span class="tag">not in the dataset</span>` : null}
    </div>
    <p class="facts">${facts(column)}</p>
    ${chartOf(column)} ${verdict(column)} ${more}
  </section>`
}

function facts(column: ColumnStatistics): Html[] {
  const {
    cells,
    nulls,
    distinct,
    numbers,
    notFinite,
    lengths,
    times,
    tokens,
    vectors,
    skipped,
    rowsDropped,
  } = column
  const all = cells - nulls.count
  const lines: Html[] = []
  const add = (line: Html): void => {
    lines.push(lines.length === 0 ? line : html`<br />${line}`)
  }
  if (cells === 0) return [html`No records yet.`]
  const different =
    distinct === null
      ? html`<b>${grouped(all)}</b> ${all === 1 ? 'vector' : 'vectors'} · `
      : html`<b>${distinct.exact ? '' : '≈ '}${grouped(distinct.count)}</b>
          different${all > 0 && distinct.exact && distinct.count === all ? ' (all)' : ''} · `
  add(
    html`${different}<b>${grouped(nulls.count)}</b>
      null${nulls.count > 0 ? ` (${percent(nulls.count / cells)}: ${nullReasons(column)})` : ''}`,
  )
  if (numbers !== null && numbers.min < numbers.max) {
    const { min, max, mean, stddev, quantiles } = numbers
    add(
      html`mean <b>${figure(mean)}</b> ± ${figure(stddev)} · median
        <b>${figure(quantiles.p50)}</b> · 5–95 %: ${figure(quantiles.p5)} to
        ${figure(quantiles.p95)} · ${figure(min)} to ${figure(max)}`,
    )
  }
  if (vectors !== null) {
    const { sizes, norms } = vectors
    const { min, max } = sizes
    add(
      html`<b>${min === max ? grouped(min) : `${grouped(min)} to ${grouped(max)}`}</b> numbers each
        · length: median <b>${figure(norms.quantiles.p50)}</b> · ${figure(norms.min)} to
        ${figure(norms.max)}`,
    )
  }
  if (notFinite > 0) add(html`${grouped(notFinite)} NaN or infinite`)
  if (times !== null) {
    const span = times.max - times.min
    add(
      html`<b>${moment(times.min, span)}</b> to <b>${moment(times.max, span)}</b> · median
        ${moment(times.quantiles.p50, span)}`,
    )
  } else if (lengths !== null && lengths.min === lengths.max) {
    add(html`${counted(lengths.min, 'character')} each`)
  } else if (lengths !== null) {
    const { min, max, quantiles } = lengths
    add(
      html`characters: median <b>${figure(Math.round(quantiles.p50))}</b> · 5–95 %:
        ${figure(Math.round(quantiles.p5))} to ${figure(Math.round(quantiles.p95))} ·
        ${grouped(min)} to ${grouped(max)}`,
    )
  }
  if (tokens !== null) {
    add(
      html`tokens: ≈ <b>${figure(Math.round(tokens.mean))}</b> on average, 95 % below ≈
        ${figure(Math.round(tokens.p95))} (${tokens.perCharacter.toFixed(2)} per character, as
        ${tokens.countedBy} counted)`,
    )
  }
  if (skipped !== null && skipped > (nulls.skipped ?? 0))
    add(html`${counted(skipped, 'cell')} skipped`)
  for (const { code, count } of rowsDropped) {
    add(html`${counted(count, 'row')} dropped here: ${code}`)
  }
  return lines
}

/** `3 timeout, 9 skipped`. */
function nullReasons({ nulls }: ColumnStatistics): string {
  return [
    ...nulls.failed.map(({ code, count }) => `${grouped(count)} ${code}`),
    ...(nulls.skipped !== null && nulls.skipped > 0 ? [`${grouped(nulls.skipped)} skipped`] : []),
    ...(nulls.other > 0
      ? [`${grouped(nulls.other)} ${nulls.skipped === null ? 'skipped or made so' : 'made so'}`]
      : []),
  ].join(', ')
}

function verdict({ fit }: ColumnStatistics): Html | null {
  if (fit === null) return null
  const key = html`<span class="key declared"></span>declared: ${valueText(fit.declared)}`
  return html`<p class="verdict">${key} · ${verdictText(fit)}</p>`
}

function verdictText(fit: NonNullable<ColumnStatistics['fit']>): Html {
  const { verdict: word, gap } = fit
  const lost = lostText(fit)
  const most =
    gap === null
      ? null
      : html`: most off by ${percent(gap.share)} at ${valueText(gap.at)} (${percent(gap.observed)},
        declared ${percent(gap.declared)})${lost === '' ? '' : `; ${lost}`}`
  switch (word) {
    case 'as-declared':
      return html`<b class="as-declared">as declared</b>`
    case 'differs':
      return html`<b class="differs">differs</b>${most}`
    case 'too-few':
      return html`too few rows to tell`
    case 'not-compared':
      break
  }
  return html`not compared`
}
