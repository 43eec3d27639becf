import { appendFile, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { open } from 'rowsmith'

/*
 * A page with the rows of runs/config of which the model was least sure. Each correction becomes a line of reviews.csv,
 * with the person's name and the time. Open the address that it prints; Ctrl-C ends it.
 */

interface Invoice {
  id: string
  text: string
  total: number
  confidence: number
  decided_by: string
}

const mostShown = 4
const file = 'reviews.csv'

/** The rows to look at, the most uncertain one first; those that a person decided are done. */
async function uncertain(): Promise<Invoice[]> {
  await using dataset = await open('runs/config')
  // The columns of config.yaml.
  const records = (await Array.fromAsync(dataset.records())) as unknown as Invoice[]
  const reviewed = new Set(
    (await readFile(file, 'utf8')).split('\n').map((line) => line.split(',')[0]),
  )
  return records
    .filter(({ id, decided_by: by }) => by === 'model' && !reviewed.has(id))
    .toSorted((one, other) => one.confidence - other.confidence)
    .slice(0, mostShown)
}

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`)

async function page(): Promise<string> {
  const forms = (await uncertain()).map(
    ({ id, text, total, confidence }) => `<form method="post">
<p><b>${escaped(id)}</b> ${escaped(text)} <small>sure: ${confidence}</small></p>
<input type="hidden" name="id" value="${escaped(id)}">
<input name="total" type="number" step="0.01" min="0" required value="${total}">
<input name="by" placeholder="your name" pattern="[^,]+" required>
<button>Save</button>
</form>`,
  )
  const text = forms.length === 0 ? '<p>Nothing is left to review.</p>' : forms.join('\n')
  return `<!doctype html><meta charset="utf-8"><title>Review</title><h1>Review</h1>\n${text}\n`
}

async function save(request: IncomingMessage): Promise<number> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
  const [id, by] = [form.get('id') ?? '', (form.get('by') ?? '').trim()]
  const total = Number(form.get('total') || Number.NaN)
  const isShown = (await uncertain()).some((invoice) => invoice.id === id)
  if (!isShown || !(total >= 0) || !/^[^,"\r\n]+$/.test(by)) return 400
  await appendFile(file, `${id},${total},${by},${new Date().toISOString()}\n`)
  return 303
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const status = request.method === 'POST' ? await save(request) : 200
  response.writeHead(status, {
    'content-type': 'text/html',
    ...(status === 303 ? { location: '/' } : {}),
  })
  response.end(status === 200 ? await page() : '')
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.writeHead(500).end(String(error))
  })
})
// This machine alone.
server.listen(0, '127.0.0.1', () => {
  // A server that listens on a port has an address with a port.
  const { port } = server.address() as AddressInfo
  console.log(`http://127.0.0.1:${port}/`)
})
