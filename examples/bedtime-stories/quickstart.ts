import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open, start } from '../../src/index.ts'
import { ensureStories15M } from './stories15m.ts'

/*
 * A first dataset on this machine: no account, no key, no server.
 *
 *   npm run quickstart [-- folder for the dataset]
 */
const configPath = fileURLToPath(new URL('./config.yaml', import.meta.url))
const outDirectory = process.argv[2] ?? 'runs/bedtime-stories'
/** What config.yaml has where the path of the fetched model belongs. */
const placeholder = 'stories15M-q8_0.gguf'

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))

try {
  const modelPath = await ensureStories15M({ report: say })
  await makeDataset(modelPath)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = interrupted.signal.aborted ? 130 : 1
}

async function makeDataset(modelPath: string): Promise<void> {
  const text = await readFile(configPath, 'utf8')
  await using run = await start({
    config: {
      name: 'bedtime-stories',
      text: text.replaceAll(placeholder, JSON.stringify(modelPath)),
    },
    out: outDirectory,
    signal: interrupted.signal,
  })
  say(
    run.resumed
      ? `Going on in ${here(run.directory)}.`
      : `Writing stories into ${here(run.directory)}.`,
  )
  const timer = setInterval(() => {
    const progress = run.progress()
    if (progress === null) return
    const { rows, routes } = progress
    const tokens = routes.reduce((sum, { outputTokens }) => sum + outputTokens, 0)
    say(`  ${rows.decided} stories written, ${rows.remaining} to go, ${tokens} tokens`)
  }, 2_000)
  const result = await run.finished.finally(() => clearInterval(timer))

  await using dataset = await open(result.dir)
  let number = 0
  for await (const record of dataset.records({ limit: 3 })) {
    number += 1
    say(`\n── Story ${number}: ${String(record['title'])} (${String(record['told_on'])})\n`)
    say(String(record['text']))
    say(`\nOn its card: ${JSON.stringify(record['card'])}`)
  }
  const { rows, requests, usage, seconds, files } = result
  say(`
${rows.accepted} of ${rows.requested} stories, ${requests} model calls, ${usage.outputTokens} tokens written, ${seconds.toFixed(1)} s.
The dataset: ${files.map(({ path }) => here(path)).join(', ') || 'not complete yet: run the same command again'}
Everything about the run: npm run -s rowsmith -- show ${here(result.dir)}

Next, with a real model:
  export OPENAI_API_KEY=…
  npm run -s rowsmith -- preview examples/product-reviews/config.yaml`)
}

function here(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
