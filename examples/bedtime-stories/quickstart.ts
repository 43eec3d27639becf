import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { makeDataset } from '../../src/cli/make-dataset.ts'
import { createScreen } from '../../src/cli/terminal.ts'
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

try {
  const modelPath = await ensureStories15M({ report: say })
  const text = await readFile(configPath, 'utf8')
  const { code, result } = await makeDataset(
    {
      config: {
        name: 'bedtime-stories',
        text: text.replaceAll(placeholder, JSON.stringify(modelPath)),
      },
      out: outDirectory,
    },
    {
      screen: createScreen(process.stderr),
      name: 'bedtime-stories',
      begin: 'reading the config',
      showsRecords: true,
    },
  )
  process.exitCode = code
  if (result?.rows.remaining === 0) {
    say(`Next, a dataset with a real model:
  export OPENAI_API_KEY=…
  npm run -s rowsmith -- preview examples/product-reviews/config.yaml`)
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
