import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundle } from '../../build/bundle.ts'
import { baseEnvironment, createDesk, program } from '../e2e/command.ts'
import { openBrowser } from '../support/browser.ts'

// npm run docs:tour: goes through docs/tour.md again, with what is printed and how long it takes.

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))

const provider = `model_providers:
  - name: nobody # answers from these lists; a real endpoint takes its place later
    provider_type: stand-in
    settings:
      answers:
        small-model:
          - { text: "It pours without a drip, and the handle stays cool.", tags: [handle, spout] }
          - { text: "The lid fell off on the second day. I taped it.", tags: [lid] }
          - { text: "Does what a mug should do.", tags: [] }
          - { text: "My cat likes it more than I do.", tags: [cat] }
model_configs:
  - { alias: writer, provider: nobody, model: small-model }
`

const columns = `columns:
  - name: product
    column_type: sampler
    sampler_type: category
    params: { values: [mug, teapot, jug], weights: [3, 1, 1] }
  - name: stars
    column_type: sampler
    sampler_type: uniform
    params: { low: 1, high: 5 }
    convert_to: int
  - name: review
    column_type: llm-structured
    model_alias: writer
    prompt: "Write a {{ stars }}-star review of a {{ product }}."
    output_format:
      type: object
      properties: { text: { type: string }, tags: { type: array, items: { type: string } } }
      required: [text, tags]
  - name: words
    column_type: expression
    dtype: int
    expr: "{{ review.text | wordcount }}"
`

const right = `${provider}${columns}`
const wrong = right
  .replace('weights: [3, 1, 1]', 'weights: [3, 1]')
  .replace('{{ product }}."', '{{ prodct }}."')
  .replace('review.text | wordcount', 'review.txt | wordcount')

await bundle()
await using desk = await createDesk()
const lines: string[] = []
let seconds = 0

function say(text: string): void {
  lines.push(text, '')
}

function show(language: string, text: string): void {
  say(`\`\`\`${language}\n${text.trimEnd()}\n\`\`\``)
}

/** Runs a command and shows it with its output and its time. */
function run(script: string): void {
  const started = performance.now()
  const command = `rowsmith() { '${process.execPath}' '${program}' "$@"; }; { ${script}; } 2>&1`
  const { status, stdout } = spawnSync('bash', ['-c', command], {
    cwd: desk.directory,
    env: baseEnvironment(desk.directory),
    encoding: 'utf8',
  })
  const took = (performance.now() - started) / 1000
  seconds += took
  show('sh', script)
  show('text', stdout.replaceAll(desk.directory, '~/mugs'))
  say(`Exit code ${status}, ${took.toFixed(1)} s.`)
}

say('# A tour')
say('<!-- Written by `npm run docs:tour`, which runs every command. -->')
say(
  'From an empty folder to an exported dataset, with the output and the time of every command. The answers are from lists in the config (`provider_type: stand-in`), so the tour needs no key; the times are those of rowsmith alone.',
)

say('## Start')
say('`init` writes a config that runs, from one of seven templates:')
run('rowsmith init tickets --template tickets --model stand-in')
run('rowsmith preview tickets/tickets.yaml -n 1 --no-pager')

say('## A config of your own')
say('`mugs.yaml`, with three mistakes:')
await desk.write('mugs.yaml', wrong)
show('yaml', wrong)
say('`validate` reports all three:')
run('rowsmith validate mugs.yaml')

say('## Preview')
say('With the mistakes fixed:')
await desk.write('mugs.yaml', right)
run('rowsmith validate mugs.yaml')
run('rowsmith preview mugs.yaml -n 2 --seed 1 --no-pager')

say('## A thousand rows')
run('rowsmith create mugs.yaml -n 1000 --seed 1')

say('## Look at the report')
say('`runs/mugs/report.html`, in a browser:')
const browser = await openBrowser()
const page = await browser.newPage({ viewport: { width: 1000, height: 760 } })
await page.goto(pathToFileURL(desk.path('runs/mugs/report.html')).href)
await page.screenshot({ path: `${docs}images/tour-report.png` })
await browser.close()
say('![The report of the run](images/tour-report.png)')

say('## Change a prompt')
say('`create` first says what the change means, and makes it with `--edit`:')
const text = await readFile(desk.path('mugs.yaml'), 'utf8')
await desk.write(
  'mugs.yaml',
  text.replace('-star review of a', '-star review, in one sentence, of a'),
)
run('rowsmith create mugs.yaml')
run('rowsmith create mugs.yaml --edit')

say('## Export')
run('rowsmith export runs/mugs --to mugs.jsonl')
run('head -n 2 mugs.jsonl')
say(`All commands together took ${seconds.toFixed(1)} s.`)

await writeFile(`${docs}tour.md`, `${lines.join('\n').trimEnd()}\n`)
