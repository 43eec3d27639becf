import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createScratch } from '../scratch.ts'

const words = 'the quick brown fox jumps over the lazy dog while nobody is looking at it '.repeat(4)

function* lines(rows: number, column: string): Generator<string> {
  yield `id,${column}\n`
  // In a separate order, so that neighbours of a join are neighbours of no file.
  for (let row = 0; row < rows; row++) yield `${(row * 7919) % rows},"${words}"\n`
}

/** Joins two files in a separate process; gives the size and what it retained on average, in MB. */
const script = `
  const [folder, base] = process.argv.slice(1)
  const { local } = await import(base + '../scratch.ts')
  const { normaliseSeed } = await import(base + '../normalise.ts')
  const { joinSeeds } = await import(base + 'join-seeds.ts')
  let sum = 0
  let samples = 0
  function sample() {
    gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    sum += heapUsed + arrayBuffers
    samples++
  }
  const sampling = setInterval(sample, 100)
  const { signal } = new AbortController()
  const context = { workingDirectory: folder, configDirectory: null, signal }
  const open = (path) => local.open({ seed_type: 'local', path }, context)
  const join = {
    source: { seed_type: 'local' }, on: [{ left: 'id', right: 'id' }], how: 'left', many: 'refuse',
    compare: 'value', columns: null, prefix: '',
  }
  const joins = [{ join, seed: await open('right.csv') }]
  const { seed, problems } = await joinSeeds(await open('left.csv'), joins, context)
  if (problems.length > 0) throw new Error(problems[0].message)
  await normaliseSeed(seed, folder + '/seed', { signal })
  await seed.close()
  clearInterval(sampling)
  sample()
  console.log(JSON.stringify([seed.size, sum / samples / 2 ** 20]))
`

async function retained(rows: number): Promise<[number, number]> {
  await using scratch = await createScratch()
  for (const [name, column] of [
    ['left.csv', 'mine'],
    ['right.csv', 'theirs'],
  ] as const) {
    const text = Readable.from(lines(rows, column))
    await pipeline(text, createWriteStream(join(scratch.folder, name)))
  }
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '--eval',
    script,
    scratch.folder,
    new URL('./', import.meta.url).href,
  ])
  return JSON.parse(stdout)
}

test('memory does not grow with the rows that are joined', async () => {
  const [fewRows, few] = await retained(5_003)
  const [manyRows, many] = await retained(200_003)
  expect([fewRows, manyRows]).toEqual([5_003, 200_003])
  // Each of the larger files has 60 MB.
  expect(many - few).toBeLessThan(6)
})
