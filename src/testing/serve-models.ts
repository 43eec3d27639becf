import { parseArgs } from 'node:util'
import { createModelServer, type ModelServerOptions } from './model-server.ts'

const flags = {
  port: 'port',
  'latency-ms': 'latencyMs',
  slots: 'slots',
  'retry-after-s': 'retryAfterS',
  'requests-per-minute': 'requestsPerMinute',
  'answer-words': 'answerWords',
} as const

/** A model server as a separate process: it prints its address. */
async function serveModels(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'latency-ms': { type: 'string' },
      slots: { type: 'string' },
      'retry-after-s': { type: 'string' },
      'requests-per-minute': { type: 'string' },
      'answer-words': { type: 'string' },
      overflow: { type: 'string' },
      'api-key': { type: 'string' },
      model: { type: 'string', multiple: true },
      'fail-every': { type: 'string' },
      'fail-status': { type: 'string' },
      'until-stdin-closes': { type: 'boolean' },
    },
  })
  const options: ModelServerOptions = {}
  for (const [flag, option] of Object.entries(flags)) {
    const given = values[flag as keyof typeof flags]
    if (given !== undefined) options[option] = wholeNumber(flag, given)
  }
  if (values.overflow !== undefined) {
    if (values.overflow !== 'queue' && values.overflow !== 'reject') {
      throw new Error(`--overflow takes "queue" or "reject", not "${values.overflow}"`)
    }
    options.overflow = values.overflow
  }
  if (values['api-key'] !== undefined) options.apiKey = values['api-key']
  if (values.model !== undefined) options.models = values.model
  const every = wholeNumber('fail-every', values['fail-every'] ?? '0')
  const status = wholeNumber('fail-status', values['fail-status'] ?? '500')
  if (every > 0) {
    options.script = ({ number }) => (number % every === every - 1 ? { status } : undefined)
  }
  const server = await createModelServer(options)
  console.log(server.url)
  if (values['until-stdin-closes'] === true) {
    // A parent that is killed takes its end of the pipe with it.
    process.stdin.on('end', () => process.exit(0)).resume()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0))
}

function wholeNumber(flag: string, given: string): number {
  const number = Number(given)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${flag} takes a whole number from 0, not "${given}"`)
}

await serveModels()
