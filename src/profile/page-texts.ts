import { figure, grouped, percent } from '../util/format.ts'
import { html, type Html } from './html.ts'
import { type TextFigures, type TextLengths, textTitle } from './text-figures.ts'
import type { SharedWords } from './text-phrases.ts'
import { valueText } from './value-text.ts'

/** What the texts of models have in common, a card for each column and field. */
export function textsSection(texts: readonly TextFigures[]): Html | null {
  if (texts.length === 0) return null
  return html`<h2 id="texts">Texts</h2>
    <div class="columns">${texts.map(textCard)}</div>`
}

function textCard(figures: TextFigures): Html {
  const { texts, words, characters, distinct, exactRepeats, nearRepeats, pairs } = figures
  const share = (count: number): string => percent(count / texts)
  return html`<section class="card">
    <div class="head">
      <h3>${valueText(textTitle(figures))}</h3>
      <span class="tag">${grouped(texts)} texts</span>
    </div>
    <p class="facts">
      <b>${grouped(distinct)}</b> different · <b>${share(exactRepeats)}</b> repeat another text ·
      <b>${share(nearRepeats)}</b> nearly do<br />
      words: ${lengthsText(words)}<br />
      characters: ${lengthsText(characters)}
      <br />distinct-1, -2, -3:
      ${figures.distinctWords.map((one) => (one === null ? '–' : one.toFixed(2))).join(', ')}
    </p>
    ${
      figures.field === null || figures.values === null
        ? null
        : shared(
            'Values',
            figures.values.map(({ text, count }) => ({ words: text, texts: count })),
            texts,
          )
    }
    ${shared('Openings', figures.openings, texts)} ${shared('Phrases', figures.phrases, texts)}
    ${
      pairs.length === 0
        ? null
        : html`<details>
            <summary>Near-duplicates</summary>
            ${pairs.map(
              ({ texts: [one, other], similarity }) =>
                html`<div class="pair">
                    <p class="words" dir="auto">${valueText(one)}</p>
                    <p class="words" dir="auto">${valueText(other)}</p>
                  </div>
                  <p class="caption">${percent(similarity)} in common</p>`,
            )}
          </details>`
    }
  </section>`
}

function lengthsText({ min, p5, p50, p95, max }: TextLengths): Html {
  if (min === max) return html`<b>${grouped(min)}</b> each`
  return html`median <b>${figure(p50)}</b> · 5–95 %: ${figure(p5)} to ${figure(p95)} ·
    ${grouped(min)} to ${grouped(max)}`
}

function shared(title: string, all: readonly SharedWords[], texts: number): Html | null {
  if (all.length === 0) return null
  return html`<p class="caption">${title}</p>
    <div class="bars">
      ${all.map(
        ({ words, texts: count }) =>
          html` <span class="name" dir="auto" title="${valueText(words)}">${valueText(words)}</span>
            <span class="track"
              ><span class="fill" style="width:${((100 * count) / texts).toFixed(2)}%"></span
            ></span>
            <span class="number">${grouped(count)} · ${percent(count / texts)}</span>`,
      )}
    </div>`
}
