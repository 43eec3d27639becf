import { grouped } from '../util/format.ts'
import { html, Html } from './html.ts'

/** Some records as the page shows them. */
export interface PageRecords {
  columns: readonly PageColumn[]
  records: readonly PageRecord[]
  /** Records of the dataset. */
  total: number
  /** Whether records are numbered by their rows, as long as there is no dataset, or by their positions. */
  isByRow: boolean
  /** The run folder, for the command that shows the others. */
  folder: string
}

interface PageColumn {
  name: string
  type: string
  /** The language of code; null for what is none. */
  code: string | null
  /** Whether its cells are lists of files. */
  isMedia: boolean
}

export interface PageRecord {
  at: number
  /** By column: JSON, or files for media. */
  cells: readonly unknown[]
}

/** A file of a media column. */
export interface PageMedia {
  name: string
  mime: string
  /** A data URL of a small image; null for what is linked. */
  src: string | null
  /** Where it is, from the page; null for what is no file of the run. */
  href: string | null
}

/** The records with what pages through them; the script of `record-viewer.ts` fills it. */
export function recordsSection(page: PageRecords | null): Html | null {
  if (page === null) return null
  const { columns, records, total, isByRow, folder } = page
  if (records.length === 0) {
    return html`<h2 id="records">Records</h2>
      <p class="soft">There are none yet.</p>`
  }
  const some =
    records.length < total
      ? html`<p class="soft">
          ${grouped(records.length)} of ${grouped(total)} records, from all over the dataset.
          <code>rowsmith export ${folder} --to records.jsonl</code> writes all of them.
        </p>`
      : null
  return html`<h2 id="records">Records</h2>
    ${some}
    <noscript><p>The records need JavaScript; everything else on this page does not.</p></noscript>
    <div class="pager" hidden>
      <input type="search" placeholder="Search" aria-label="Search in the records" />
      <button type="button" data-step="-1">Previous</button>
      <span role="status" aria-live="polite"></span>
      <button type="button" data-step="1">Next</button>
    </div>
    <div class="records" aria-label="Records" role="list"></div>
    ${dataBlock({ columns, records, isByRow })}`
}

/** Data for the script: JSON in which nothing can end the element. */
function dataBlock(data: unknown): Html {
  const text = JSON.stringify(data, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  return new Html(
    `<script type="application/json" id="record-data">${text.replaceAll('<', '\\u003c')}</script>`,
  )
}
