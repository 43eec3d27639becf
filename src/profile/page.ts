import {
  compact,
  counted,
  dollars,
  duration,
  figure,
  grouped,
  moment,
  percent,
  size,
} from '../util/format.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import { html, type Html } from './html.ts'
import { chartOf } from './page-charts.ts'
import type { Judgements } from './judgements.ts'
import { agreementSection, judgesSection } from './page-judgements.ts'
import { pageFrame } from './page-frame.ts'
import { modelsSection, type PageModels } from './page-models.ts'
import { type ColumnStatistics, lostText } from './statistics.ts'
import { clipped, valueText } from './value-text.ts'

/** What the page shows: how the run went, and its columns. */
export interface ReportPage extends PageModels {
  name: string
  seed: string
  rows: OutcomeTotals & { requested: number; remaining: number }
  requests: number
  usage: {
    inputTokens: number
    cachedInputTokens: number
    outputTokens: number
    cost: number | null
  }
  cutAnswers: readonly { cut: number }[]
  media: readonly { mime: string; files: number; bytes: number }[]
  failures: readonly {
    name: string
    code: string
    outcome: 'dropped' | 'null'
    count: number
    message: string
  }[]
  rejections: readonly { name: string; code: string; count: number; row: number }[]
  mixed: readonly {
    column: string
    versions: readonly { models: string; cells: number | null }[]
  }[]
  processed: {
    by: string
    recordsIn: number
    recordsOut: number
    counts: readonly { processor: string; what: string; times: number }[]
  } | null
  sessions: readonly { started: number; ended: number | null }[]
  columns: readonly ColumnStatistics[]
  judges: Judgements['judges']
  agreement: Judgements['agreement']
}

/** One HTML page without scripts that needs nothing beside it. */
export function reportPage(report: ReportPage): string {
  return pageFrame(
    report.name,
    html`${header(report)} ${failures(report)} ${rejections(report)} ${mixed(report)}
      ${processed(report)} ${modelsSection(report)}
      <h2>Columns</h2>
      <div class="columns">${report.columns.map(columnCard)}</div>
      ${judgesSection(report.judges)} ${agreementSection(report.agreement)}
      <footer>
        Made by rowsmith. Quantiles and histograms are estimates (a t-digest, about 1 %), and so is
        what stands behind ≈; all other figures are exact.
      </footer>`,
  )
}

const outcomes = [
  ['accepted', 'accepted'],
  ['nullKept', 'kept with a null'],
  ['dropped', 'dropped'],
  ['rejected', 'rejected'],
  ['remaining', 'remaining'],
] as const

function header(report: ReportPage): Html {
  const { name, seed, rows, requests, usage, sessions } = report
  const cut = report.cutAnswers.reduce((sum, one) => sum + one.cut, 0)
  const present = outcomes.filter(([outcome]) => rows[outcome] > 0)
  const records = rows.accepted + rows.nullKept
  const tiles: [string, string][] = [
    ['records', grouped(records)],
    ['of the rows planned', percentOf(records, rows.requested)],
    ['requests', grouped(requests)],
    ...(cut === 0 ? [] : [['answers cut off', grouped(cut)] as [string, string]]),
    ['tokens in', compact(usage.inputTokens)],
    ...cachedFact(usage),
    ['tokens out', compact(usage.outputTokens)],
    ...costFact(usage),
    ...report.media.map(({ mime, files, bytes }): [string, string] => [
      `${mime}, ${size(bytes)}`,
      grouped(files),
    ]),
    ['at work', duration(secondsOf(sessions))],
  ]
  return html`<h1>${valueText(name)}</h1>
    <p class="soft">
      ${counted(rows.requested, 'row')} planned · seed ${seed} ·
      ${counted(sessions.length, 'session')}
    </p>
    <div class="outcomes" role="img" aria-label="Rows by outcome">
      ${present.map(
        ([outcome, word]) =>
          html`<i
            class="${outcome}"
            style="flex:${rows[outcome]}"
            title="${word}: ${grouped(rows[outcome])}"
          ></i>`,
      )}
    </div>
    <ul class="legend">
      ${present.map(
        ([outcome, word]) =>
          html`<li>
            <i class="${outcome}"></i>${grouped(rows[outcome])} ${word}
            <span class="soft">${percentOf(rows[outcome], rows.requested)}</span>
          </li>`,
      )}
    </ul>
    <div class="tiles">
      ${tiles.map(
        ([word, value]) =>
          html`<div class="card tile"><b>${value}</b><span class="soft">${word}</span></div>`,
      )}
    </div>`
}

function percentOf(part: number, whole: number): string {
  return whole === 0 ? '–' : percent(part / whole)
}

/** Of the sessions that ended: how long one that was killed worked is not known. */
function secondsOf(sessions: ReportPage['sessions']): number {
  return sessions.reduce(
    (sum, { started, ended }) => sum + (ended === null ? 0 : (ended - started) / 1000),
    0,
  )
}

function processed({ processed: done }: ReportPage): Html | null {
  if (done === null) return null
  const { by, recordsIn, recordsOut, counts } = done
  return html`<p>${counted(recordsIn, 'record')} in, ${grouped(recordsOut)} out by ${by}</p>
    ${
      counts.length === 0
        ? null
        : html`<div class="card scroll">
            <table>
              <tr>
                <th>Processor</th>
                <th>What it did</th>
                <th class="number">Times</th>
              </tr>
              ${counts.map(
                ({ processor, what, times }) =>
                  html`<tr>
                    <td>${processor}</td>
                    <td>${what}</td>
                    <td class="number">${grouped(times)}</td>
                  </tr>`,
              )}
            </table>
          </div>`
    }`
}

function mixed({ mixed: all }: ReportPage): Html | null {
  if (all.length === 0) return null
  return html`<h2>Columns of more than one version</h2>
    <div class="card scroll">
      <table>
        <tr>
          <th>Column</th>
          <th>Made by</th>
          <th class="number">Cells</th>
        </tr>
        ${all.flatMap(({ column, versions }) =>
          versions.map(
            ({ models: by, cells }) =>
              html`<tr>
                <td>${column}</td>
                <td>${by === '' ? 'an older config' : by}</td>
                <td class="number">${cells === null ? 'the later ones' : grouped(cells)}</td>
              </tr>`,
          ),
        )}
      </table>
    </div>`
}

function rejections({ rejections: all }: ReportPage): Html | null {
  if (all.length === 0) return null
  return html`<h2>What was rejected</h2>
    <div class="card scroll">
      <table>
        <tr>
          <th>Filter</th>
          <th>Reason</th>
          <th class="number">Rows</th>
          <th class="number">The first</th>
        </tr>
        ${all.map(
          ({ name, code, count, row }) =>
            html`<tr>
              <td>${name}</td>
              <td>${code}</td>
              <td class="number">${grouped(count)}</td>
              <td class="number">${grouped(row)}</td>
            </tr>`,
        )}
      </table>
    </div>`
}

function failures({ failures: all }: ReportPage): Html | null {
  if (all.length === 0) return null
  return html`<h2>What failed</h2>
    <div class="card scroll">
      <table>
        <tr>
          <th>Column</th>
          <th>Reason</th>
          <th>Rows</th>
          <th class="number">Count</th>
          <th>One of them</th>
        </tr>
        ${all.map(
          ({ name, code, outcome, count, message }) =>
            html`<tr>
              <td>${name}</td>
              <td>${code}</td>
              <td>${outcome === 'dropped' ? 'dropped' : 'kept with a null'}</td>
              <td class="number">${grouped(count)}</td>
              <td class="words">${clipped(message)}</td>
            </tr>`,
        )}
      </table>
    </div>`
}

function cachedFact({ cachedInputTokens, inputTokens }: ReportPage['usage']): [string, string][] {
  if (cachedInputTokens === 0) return []
  return [['of them cached by providers', percentOf(cachedInputTokens, inputTokens)]]
}

function costFact({ cost }: ReportPage['usage']): [string, string][] {
  return cost === null ? [] : [['cost', dollars(cost)]]
}

/** What is known of a column. */
export function columnCard(column: ColumnStatistics): Html {
  return html`<section class="card">
    <div class="head">
      <h3>${valueText(column.name)}</h3>
      ${column.kind === null ? null : html`<span class="tag">${valueText(column.kind)}</span>`}<span
        class="tag"
        >${column.type}</span
      >${column.dropped ? html`<span class="tag">not in the dataset</span>` : null}
    </div>
    <p class="facts">${facts(column)}</p>
    ${chartOf(column)} ${verdict(column)}
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
