import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createModelServer } from '../../src/testing/model-server.ts'
import { freePort } from '../e2e/command.ts'
import { answering, type Case, tales } from './case.ts'

const fixtures = fileURLToPath(new URL('../fixtures/tls/', import.meta.url))

/** An endpoint that can't be reached, or refuses. */
export const endpointCases = {
  unreachable: async ({ desk, run }) => {
    const port = await freePort()
    await desk.write('tales.json', tales({ url: `http://127.0.0.1:${port}/v1` }))
    const { stderr } = await run('create tales.json', 4)
    return stderr.replaceAll(String(port), '8000').replace('http://127.0.0.1', 'http://localhost')
  },
  'wrong-key': answering(() => ({}), {
    server: { apiKey: 'right-0123456789' },
    config: { provider: {} },
  }),
  forbidden: answering(() => ({ status: 403, error: 'You may not use this model.' })),
  'unknown-model': answering(() => ({}), { server: { models: ['large-model'] } }),
  'no-api': answering(() => ({ body: '<html><title>Welcome</title></html>' })),
  redirect: answering(() => ({
    status: 301,
    body: '',
    headers: { location: 'https://models.example.org/v1/chat/completions' },
  })),
  quota: answering((number) =>
    number > 2 ? { status: 402, error: 'Insufficient credits.', code: 'insufficient_credits' } : {},
  ),
  away: answering((number) => (number > 10 ? { status: 503, error: 'Loading the model.' } : {}), {
    command: 'create tales.json -n 40 --seed 1',
    runConfig: 'max_outage: 2\n',
  }),
  certificate: async ({ desk, run }) => {
    const [key, cert] = await Promise.all(
      ['server-key.pem', 'server.pem'].map((name) => readFile(`${fixtures}${name}`, 'utf8')),
    )
    await using server = await createModelServer({ tls: { key: key ?? '', cert: cert ?? '' } })
    await desk.write('tales.json', tales({ url: server.url }))
    const { stderr } = await run('create tales.json -n 1', 4)
    await run('create tales.json -n 1', 0, { NODE_EXTRA_CA_CERTS: `${fixtures}ca.pem` })
    return stderr.replaceAll(server.url, 'https://localhost:8000/v1')
  },
  'https-to-http': async ({ desk, run }) => {
    await using server = await createModelServer()
    const url = server.url.replace('http:', 'https:')
    await desk.write('tales.json', tales({ url }))
    const { stderr } = await run('create tales.json -n 1', 4)
    return stderr.replaceAll(url, 'https://localhost:8000/v1')
  },
  proxy: async ({ desk, run }) => {
    const proxy = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'))
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const address = proxy.address()
    if (address === null || typeof address === 'string') throw new Error(`no port: ${address}`)
    await desk.write('tales.json', tales({ url: 'https://models.example.org/v1' }))
    const { stderr } = await run('create tales.json -n 1', 4, {
      HTTPS_PROXY: `http://127.0.0.1:${address.port}`,
    })
    proxy.close()
    return stderr
  },
} satisfies Record<string, Case>
