import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createScratch } from './scratch.ts'

const words = 'the quick brown fox jumps over the lazy dog while nobody is looking at it '.repeat(4)

function* lines(format: string, rows: number): Generator<string> {
  if (format === 'csv') yield 'id,text\n'
  if (format === 'json') yield '['
  for (let row = 0; row < rows; row++) {
    const object = `{"id": ${row}, "text": "${words}"}`
    if (format === 'csv') yield `${row},"${words}"\n`
    else yield format === 'json' && row > 0 ? `,\n${object}` : `${object}\n`
  }
  if (format === 'json') yield ']'
}

/** Reads the seed in a separate process; gives its size and what it retained on average, in MB. */
const script = `
  const [folder, name, base] = process.argv.slice(1)
  const { local } = await import(base + 'scratch.ts')
  const { normaliseSeed } = await import(base + 'normalise.ts')
  let sum = 0
  let samples = 0
  function sample() {
    gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    sum += heapUsed + arrayBuffers
    samples++
  }
  const sampling = setInterval(sample, 50)
  const { signal } = new AbortController()
  const context = { workingDirectory: folder, configDirectory: null, signal }
  const seed = await local.open({ seed_type: 'local', path: name }, context)
  await normaliseSeed(seed, folder + '/' + name + '.seed', { signal })
  clearInterval(sampling)
  sample()
  console.log(JSON.stringify([seed.size, sum / samples / 2 ** 20]))
`

// Collected before every sample: how much garbage V8 lets lie says nothing of what rows retain.
// An average, since a sample may fall into the middle of a large batch.
const flags = ['--expose-gc', '--disable-warning=ExperimentalWarning']

async function retained(folder: string, format: string, rows: number): Promise<[number, number]> {
  const name = `${rows}.${format}`
  await pipeline(Readable.from(lines(format, rows)), createWriteStream(join(folder, name)))
  const base = new URL('./', import.meta.url).href
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    '--input-type=module',
    '--eval',
    script,
    folder,
    name,
    base,
  ])
  return JSON.parse(stdout)
}

test.each([
  ['csv', 100_000],
  ['jsonl', 50_000],
  ['json', 50_000],
])('memory does not grow with the rows of a %s seed', async (format, rows) => {
  await using scratch = await createScratch()
  const [fewRows, few] = await retained(scratch.folder, format, 5_000)
  const [manyRows, many] = await retained(scratch.folder, format, rows)
  expect([fewRows, manyRows]).toEqual([5_000, rows])
  // The larger file has at least 13 MB more.
  expect(many - few).toBeLessThan(4)
})
