import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import xterm from '@xterm/headless'
import { bundle } from '../../build/bundle.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'
import { startOnTerminal } from '../e2e/pseudo-terminal.ts'
import { openBrowser } from '../support/browser.ts'
import { answerTo } from './review-answers.ts'
import { linesOf, picture, type StyledLine } from './terminal-picture.ts'

// npm run docs:images: takes the pictures in docs/images again. Needs `script` of util-linux and Chromium.

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const size = { columns: 104, rows: 40 }

const config = (url: string): string => `
model_providers:
  - { name: openai, endpoint: '${url}', api_key: OPENAI_API_KEY }
model_configs:
  - alias: writer
    provider: openai
    model: gpt-4.1-mini
    inference_parameters: { max_parallel_requests: 16 }
columns:
  - { name: product, column_type: sampler, sampler_type: category, params: { values: [kettle, desk lamp, rain jacket] } }
  - { name: stars, column_type: sampler, sampler_type: category, params: { values: [1, 2, 3, 4, 5], weights: [1, 1, 2, 4, 4] } }
  - { name: price, column_type: sampler, sampler_type: gaussian, params: { mean: 40, stddev: 9, decimal_places: 2 } }
  - { name: review, column_type: llm-text, model_alias: writer, prompt: "A {{ stars }}-star review of a {{ product }} for {{ price }} euros." }
  - { name: reply, column_type: llm-text, model_alias: writer, prompt: "Reply to this review: {{ review }}" }
  - { name: words, column_type: expression, dtype: int, expr: "{{ review | wordcount }}" }
`

await using desk = await createDesk()
await using server = await createModelServer({
  script: ({ number, prompt }) => ({
    text: answerTo(prompt, number),
    delayMs: 90 + (number % 7) * 30,
  }),
})
await bundle()
await mkdir(folder, { recursive: true })
await desk.write('reviews.yaml', config(server.url))

const command = ['create', 'reviews.yaml', '-n', '500', '--seed', '7']
const terminal = startOnTerminal(desk, command, {
  ...size,
  environment: {
    OPENAI_API_KEY: 'a-key-of-no-account',
    COLORTERM: 'truecolor',
    TERM: 'xterm-256color',
  },
})
while (!/\b(?:2[5-9]|3\d)\d of 500/.test(terminal.shown())) await delay(20)
const atWork = await screenOf(terminal.shown())
const code = await terminal.ended
if (code !== 0) throw new Error(`it ended with ${code}:\n${terminal.shown()}`)
const done = await screenOf(terminal.shown())
const typed: StyledLine = [{ text: `$ rowsmith ${command.join(' ')}`, style: { bold: true } }]
await writeFile(
  `${folder}terminal.svg`,
  picture([[typed, ...atWork], done.slice(1)], { columns: size.columns }),
)

const browser = await openBrowser()
const page = await browser.newPage({ viewport: { width: 1000, height: 760 } })
await page.goto(pathToFileURL(desk.path('runs/reviews/report.html')).href)
await page.screenshot({ path: `${folder}report.png` })
await browser.close()

/** What a terminal shows after a text was written to it. */
async function screenOf(text: string): Promise<StyledLine[]> {
  const screen = new xterm.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true })
  await new Promise<void>((resolve) => screen.write(text.replaceAll(desk.directory, '~'), resolve))
  return linesOf(screen)
}
