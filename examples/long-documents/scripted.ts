import { readdirSync, readFileSync } from 'node:fs'
import type { ModelRequest } from 'rowsmith/testing'
import { found, numberFor, scriptedModel } from '../scripted-model.ts'

const folder = new URL('pages/', import.meta.url)

/** What is written on each picture of a page, which this model does not really read. */
const texts = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.png'))
    .map((name) => [
      readFileSync(new URL(name, folder)).toString('base64'),
      readFileSync(new URL(name.replace('.png', '.txt'), folder), 'utf8').trim(),
    ]),
)

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt, request }) => {
  const pages = pagesIn(request)
  const text = pages.join('\n\n')
  if (prompt.startsWith('Transcribe')) return text
  if (prompt.startsWith('What does this page')) {
    const kind = text.includes('Chart:') ? 'chart' : text.includes('|') ? 'table' : 'prose'
    return JSON.stringify({ kind })
  }
  if (prompt.startsWith('These are all pages')) {
    const questions = found(/(Question: [^]+)/, prompt)
    const score = (name: string): { reasoning: string; score: string } => ({
      reasoning: 'By the pages.',
      score: String(2 + numberFor(`${name} ${questions}`, 3)),
    })
    return JSON.stringify({
      correct: score('correct'),
      self_contained: score('self_contained'),
      useful: score('useful'),
    })
  }
  if (prompt.startsWith('Write a question that this text')) {
    return questionAbout([found(/\n\n(.+)/, prompt)])
  }
  return questionAbout(pages.map((page) => found(/^(.+)/, page)))
})

function questionAbout(titles: readonly string[]): string {
  return JSON.stringify({
    question: `What is there to know about ${titles.join(' and ')}?`,
    answer: `${titles.length} pages say it.`,
  })
}

/** The texts of the pages whose pictures a request has. */
function pagesIn(request: ModelRequest): string[] {
  if (request.operation !== 'chat') return []
  return request.messages.flatMap(({ content }) =>
    content.flatMap((block) => {
      if (block.type !== 'media' || !('base64' in block.media)) return []
      const text = texts.get(block.media.base64)
      if (text === undefined) throw new Error('a picture is no page of pages/')
      return [text]
    }),
  )
}
