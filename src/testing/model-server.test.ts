import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createModelServer } from './model-server.ts'

async function post(url: string, prompt: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'test', messages: [{ role: 'user', content: prompt }] }),
  })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

function textOf(body: string): string {
  const reply = JSON.parse(body) as { choices: { message: { content: string } }[] }
  return reply.choices[0]?.message.content ?? ''
}

test('the answer depends on the prompt and on nothing else', async () => {
  await using first = await createModelServer({ answerWords: 5 })
  await using second = await createModelServer({ answerWords: 5 })
  const one = textOf((await post(first.url, 'a "prompt"')).body)
  expect(one.split(' ')).toHaveLength(5)
  expect(textOf((await post(second.url, 'a "prompt"')).body)).toBe(one)
  expect(textOf((await post(first.url, 'another')).body)).not.toBe(one)
})

test('its replies have the shape of the API, scripted or not', async () => {
  await using server = await createModelServer({
    script: ({ prompt }) => (prompt === 'b' ? { text: 'two words', usage: { x: 1 } } : undefined),
  })
  const reply = JSON.parse((await post(server.url, 'one two three')).body) as object
  expect(reply).toMatchObject({
    model: 'test',
    choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 24, total_tokens: 27 },
  })
  expect(JSON.parse((await post(server.url, 'b')).body)).toMatchObject({
    choices: [{ message: { content: 'two words' } }],
    usage: { x: 1 },
  })
  const models = await fetch(`${server.url}/models`)
  expect(await models.json()).toMatchObject({ data: [{ id: 'test' }] })
  expect((await fetch(`${server.url}/nothing`)).status).toBe(404)
})

describe('slots', () => {
  test('the excess waits', async () => {
    await using server = await createModelServer({ slots: 3, latencyMs: 20 })
    const sent = Array.from({ length: 12 }, (_, n) => post(server.url, `${n}`))
    const statuses = (await Promise.all(sent)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(server.counts).toMatchObject({ requests: 12, maxInFlight: 3, inFlight: 0 })
  })

  test('or gets a 429 with a time to wait', async () => {
    await using server = await createModelServer({
      slots: 2,
      overflow: 'reject',
      retryAfterS: 3,
      latencyMs: 100,
      requestsPerMinute: 50,
    })
    const replies = await Promise.all([1, 2, 3, 4, 5].map((n) => post(server.url, `${n}`)))
    const refused = replies.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(3)
    expect(refused[0]?.headers.get('retry-after')).toBe('3')
    expect(refused[0]?.headers.get('x-ratelimit-limit-requests')).toBe('50')
    expect(server.counts.statuses).toEqual(
      new Map([
        [200, 2],
        [429, 3],
      ]),
    )
  })

  test('a client that leaves frees its slot, also while it waits for one', async () => {
    await using server = await createModelServer({
      slots: 1,
      script: ({ prompt }) => (prompt === 'hang' ? { hang: true } : undefined),
    })
    const controllers = [new AbortController(), new AbortController()]
    const left = controllers.map(async ({ signal }) => {
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'hang' }] })
      await fetch(`${server.url}/chat/completions`, { method: 'POST', body, signal })
    })
    const outcomes = Promise.allSettled(left)
    while (server.counts.requests < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    const last = post(server.url, 'last')
    for (const controller of controllers.reverse()) controller.abort()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect((await last).status).toBe(200)
    expect(server.counts).toMatchObject({ abandoned: 2, maxInFlight: 1 })
  })
})

test('a wrong key and an unknown model are refused', async () => {
  await using server = await createModelServer({ apiKey: 'right', models: ['other'] })
  expect((await post(server.url, 'a')).status).toBe(401)
  const known = await post(server.url, 'a', { authorization: 'Bearer right' })
  expect(known.status).toBe(404)
  expect(known.body).toContain('model_not_found')
})

test('it runs as a separate process and ends with its parent', async () => {
  const path = fileURLToPath(new URL('./serve-models.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    [path, '--slots', '2', '--fail-every', '2', '--fail-status', '503', '--until-stdin-closes'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const url = line.toString().trim()
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
  const statuses = [await post(url, 'a'), await post(url, 'b')].map(({ status }) => status)
  expect(statuses).toEqual([200, 503])
  child.stdin.end()
  expect(await ended).toEqual([0, null])
})

test('a flag that makes no sense is refused', async () => {
  const path = fileURLToPath(new URL('./serve-models.ts', import.meta.url))
  const child = spawn(process.execPath, [path, '--slots', 'many'], { stdio: 'pipe' })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  expect((await once(child, 'exit'))[0]).toBe(1)
  expect(said).toContain('--slots takes a whole number from 0, not "many"')
})
