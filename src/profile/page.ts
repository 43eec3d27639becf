import { compact, counted, dollars, duration, grouped, percent, size } from '../util/format.ts'
import { html, type Html } from './html.ts'
import type { InvalidReasons, Judgements } from './judgements.ts'
import { columnCard } from './page-column.ts'
import { agreementSection, invalidSection, judgesSection } from './page-judgements.ts'
import { pageFrame } from './page-frame.ts'
import { modelsSection, type PageModels } from './page-models.ts'
import { type ColumnOrigin, originPart } from './page-origins.ts'
import { type PageRecords, recordsSection } from './page-records.ts'
import { textsSection } from './page-texts.ts'
import { headline, type PageHeadline } from './page-verdict.ts'
import { recordViewer } from './record-viewer.ts'
import type { ColumnStatistics } from './statistics.ts'
import type { TextFigures } from './text-figures.ts'
import { clipped, valueText } from './value-text.ts'

/** What the page shows: how the run went, and its columns. */
export interface ReportPage extends PageModels, PageHeadline {
  name: string
  seed: string
  requests: number
  usage: {
    inputTokens: number
    cachedInputTokens: number
    outputTokens: number
    cost: number | null
  }
  cutAnswers: readonly { cut: number }[]
  media: readonly { mime: string; files: number; bytes: number }[]
  failures: readonly (PageHeadline['failures'][number] & { message: string })[]
  rejections: readonly { name: string; code: string; count: number; row: number }[]
  mixed: readonly {
    column: string
    versions: readonly { models: string; cells: number | null }[]
  }[]
  joins: readonly {
    join: string
    how: 'left' | 'inner'
    rows: number
    withoutPartner: number
  }[]
  processed: {
    by: string
    recordsIn: number
    recordsOut: number
    counts: readonly { processor: string; what: string; times: number }[]
  } | null
  columns: readonly ColumnStatistics[]
  texts: readonly TextFigures[]
  judges: Judgements['judges']
  invalid: readonly InvalidReasons[]
  agreement: Judgements['agreement']
  /** Null where the records can't be read, such as those that processors of another config made. */
  pageRecords: PageRecords | null
  origins: readonly ColumnOrigin[]
}

/** One HTML page that needs nothing beside it; its script only shows the records. */
export function reportPage(report: ReportPage): string {
  return pageFrame(
    report.name,
    html`<h1>${valueText(report.name)}</h1>
      ${headline(report)} ${contents(report)} ${recordsSection(report.pageRecords)}
      <h2 id="run">Run</h2>
      ${header(report)} ${failures(report)} ${rejections(report)} ${mixed(report)} ${joins(report)}
      ${processed(report)}
      <h2 id="columns">Columns</h2>
      <div class="columns">
        ${report.columns.map((column) => columnCard(column, originOf(report, column)))}
      </div>
      ${textsSection(report.texts)} ${judgesSection(report.judges)}
      ${invalidSection(report.invalid)} ${agreementSection(report.agreement)}
      ${modelsSection(report)}
      <footer>
        Made by rowsmith. Quantiles and histograms are estimates (a t-digest, about 1 %), and so is
        what stands behind ≈; figures of texts are of at most 10,000 records; all others are exact.
      </footer>`,
    { script: recordViewer },
  )
}

function originOf({ origins, usageByColumn }: ReportPage, { name }: ColumnStatistics): Html | null {
  const origin = origins.find(({ column }) => column === name) ?? null
  return originPart(origin, usageByColumn.find(({ column }) => column === name) ?? null)
}

/** Links to the sections that the page has. */
function contents({ texts, judges, usageByRoute }: ReportPage): Html {
  const sections = [
    ['records', 'Records'],
    ['run', 'Run'],
    ['columns', 'Columns'],
    ...(texts.length > 0 ? [['texts', 'Texts']] : []),
    ...(judges.length > 0 ? [['judges', 'Judges']] : []),
    ...(usageByRoute.length > 0 ? [['models', 'Models']] : []),
  ]
  return html`<nav aria-label="Sections">
    ${sections.map(([id = '', title = '']) => html`<a href="#${id}">${title}</a> `)}
  </nav>`
}

const outcomes = [
  ['accepted', 'accepted'],
  ['nullKept', 'kept with a null'],
  ['dropped', 'dropped'],
  ['rejected', 'rejected'],
  ['remaining', 'remaining'],
] as const

function header(report: ReportPage): Html {
  const { seed, rows, requests, usage, sessions } = report
  const cut = report.cutAnswers.reduce((sum, one) => sum + one.cut, 0)
  const present = outcomes.filter(([outcome]) => rows[outcome] > 0)
  const tiles: [string, string][] = [
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
  return html`<p class="soft">
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

function joins({ joins: all }: ReportPage): Html | null {
  if (all.length === 0) return null
  return html`<h2>Seed rows without a partner</h2>
    <div class="card scroll">
      <table>
        <tr>
          <th>Join</th>
          <th class="number">Rows</th>
          <th class="number">Without a partner</th>
          <th>What becomes of them</th>
        </tr>
        ${all.map(
          ({ join, how, rows, withoutPartner }) =>
            html`<tr>
              <td>${join}</td>
              <td class="number">${grouped(rows)}</td>
              <td class="number">${grouped(withoutPartner)}</td>
              <td>${how === 'inner' ? 'left out' : 'kept with nulls'}</td>
            </tr>`,
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
