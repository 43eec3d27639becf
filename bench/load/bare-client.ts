import { Pool } from 'undici'
import { measured } from './measure.ts'

// The least a client can do: undici and nothing else, as many loops as there are slots; each makes
// a row of chained calls after the other, the next prompt with the answer before it.

export interface BareTask {
  url: string
  rows: number
  /** Chained calls of a row. */
  columns: number
  concurrency: number
}

const { url, rows, columns, concurrency } = JSON.parse(process.argv[2] ?? '') as BareTask
const { origin, pathname } = new URL(url)
const pool = new Pool(origin, { connections: concurrency, keepAliveTimeout: 30_000 })
const path = `${pathname}/chat/completions`
const headers = { 'content-type': 'application/json', accept: 'application/json' }

let next = 0

async function loop(): Promise<void> {
  while (next < rows) {
    const row = next++
    let text = `story ${row}`
    for (let column = 0; column < columns; column += 1) {
      text = await call(`Write part ${column} of what follows.\n${text}`)
    }
  }
}

async function call(prompt: string): Promise<string> {
  const body = JSON.stringify({
    model: 'test',
    messages: [{ role: 'user', content: prompt }],
    temperature: 0.7,
  })
  const { statusCode, body: reply } = await pool.request({
    path,
    method: 'POST',
    headers,
    body,
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  })
  const text = await reply.text()
  if (statusCode !== 200) throw new Error(`${statusCode}: ${text}`)
  const parsed = JSON.parse(text) as { choices: { message: { content: string } }[] }
  return (parsed.choices[0] as { message: { content: string } }).message.content
}

await measured(false, async () => {
  await Promise.all(Array.from({ length: concurrency }, loop))
})
await pool.close()
