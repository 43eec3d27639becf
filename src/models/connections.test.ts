import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { createModelServer } from '../testing/model-server.ts'
import { systemClock } from '../util/clock.ts'
import { openai } from './openai.ts'
import type { ModelTarget } from './provider.ts'

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../test/fixtures/tls/${name}`, import.meta.url))
const tls = {
  key: readFileSync(fixture('server-key.pem'), 'utf8'),
  cert: readFileSync(fixture('server.pem'), 'utf8'),
}
const plain = await createModelServer({ latencyMs: 250 })
const secure = await createModelServer({ tls })
afterAll(() => Promise.all([plain.close(), secure.close()]))

/** A proxy that forwards http and tunnels https; `credentials` is what it wants, if anything. */
async function createProxy(credentials: string | null = null) {
  const forwarded: string[] = []
  const tunnels: string[] = []
  const sockets = new Set<Socket>()
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
  const allowed = (request: IncomingMessage) =>
    wanted === null || request.headers['proxy-authorization'] === wanted
  const proxy = createServer((request, response) => {
    if (!allowed(request)) {
      response.writeHead(407).end()
      return
    }
    forwarded.push(request.url ?? '')
    const { method = 'GET', headers } = request
    const onward = forward(request.url ?? '', { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  proxy.on('connection', (socket: Socket) => sockets.add(socket))
  proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    if (!allowed(request)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    tunnels.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.pipe(client).pipe(onward)
    })
    sockets.add(onward)
    for (const socket of [onward, client]) socket.on('error', () => socket.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    forwarded,
    tunnels,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}

/** Sends one request from another process, where `NODE_EXTRA_CA_CERTS` counts. */
async function fromProcess(endpoint: string, environment: Record<string, string>) {
  const script = `
    const { openRegistry, providerConfig, chat, fresh } = await import(process.env.SUPPORT)
    const registry = openRegistry(providerConfig({ endpoint: process.env.ENDPOINT }), { environment: process.env })
    try {
      console.log((await registry.send('writer', chat('Hello'), fresh())).content[0].text)
    } catch (error) {
      console.log(error.code, error.problem.kind, error.message)
    }
    await registry.close()`
  const support = new URL('../../test/support/models.ts', import.meta.url).href
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script],
    { env: { PATH: process.env['PATH'], SUPPORT: support, ENDPOINT: endpoint, ...environment } },
  )
  return stdout
}

describe('proxies', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('%s forwards http, all at once', async (name) => {
    await using proxy = await createProxy()
    const environment = { [name]: `http://${proxy.address}` }
    const registry = openRegistry(providerConfig({ endpoint: plain.url }), { environment })
    const before = plain.counts.requests
    await Promise.all(Array.from({ length: 20 }, () => registry.send('writer', chat('a'), fresh())))
    await registry.close()
    expect(proxy.forwarded).toHaveLength(20)
    expect(new Set(proxy.forwarded)).toEqual(new Set([`${plain.url}/chat/completions`]))
    expect(plain.counts.requests - before).toBe(20)
    expect(plain.counts.maxInFlight).toBe(20)
  })

  test.each(['HTTPS_PROXY', 'https_proxy'])('%s tunnels https', async (name) => {
    await using proxy = await createProxy('user:pass word')
    const text = await fromProcess(secure.url, {
      [name]: `http://user:pass%20word@${proxy.address}`,
      NODE_EXTRA_CA_CERTS: fixture('ca.pem'),
    })
    expect(text.trim().split(' ')).toHaveLength(24)
    expect(proxy.tunnels).toEqual([new URL(secure.url).host])
  })

  test.each(['NO_PROXY', 'no_proxy'])('%s goes straight', async (name) => {
    await using proxy = await createProxy()
    const environment = { HTTP_PROXY: `http://${proxy.address}`, [name]: 'example.org,127.0.0.1' }
    const registry = openRegistry(providerConfig({ endpoint: plain.url }), { environment })
    await registry.send('writer', chat('a'), fresh())
    await registry.close()
    expect(proxy.forwarded).toEqual([])
  })

  test('a proxy that is not there is named', async () => {
    const environment = { HTTP_PROXY: 'http://user:secret-word@127.0.0.1:9' }
    const registry = openRegistry(providerConfig({ endpoint: plain.url }), { environment })
    const error = await requestError(registry.send('writer', chat('a'), fresh()))
    await registry.close()
    expect(error.problem.kind).toBe('unreachable')
    expect(error.message).toContain("can't be reached through the proxy http://127.0.0.1:9")
    expect(error.message).toContain('name the host of "endpoint" in NO_PROXY')
    expect(error.message).not.toContain('secret-word')
  })

  test.each([
    ['127.0.0.0/8', true],
    ['10.0.0.0/8, 127.0.0.0/30', true],
    ['10.0.0.0/8 ::1/128', false],
    ['127.0.0.0/33,128.0.0.0/8', false],
  ])('NO_PROXY=%s goes straight: %s', async (networks, straight) => {
    await using proxy = await createProxy()
    const environment = { HTTP_PROXY: `http://${proxy.address}`, NO_PROXY: networks }
    const registry = openRegistry(providerConfig({ endpoint: plain.url }), { environment })
    await registry.send('writer', chat('a'), fresh())
    await registry.close()
    expect(proxy.forwarded).toHaveLength(straight ? 0 : 1)
  })

  test.each([
    ['http', plain.url, 'HTTP_PROXY'],
    ['https', secure.url, 'HTTPS_PROXY'],
  ])('wrong credentials for %s stop the endpoint and are not shown', async (_, endpoint, name) => {
    await using proxy = await createProxy('user:right')
    const environment = { [name]: `http://user:wrong-password@${proxy.address}` }
    const registry = openRegistry(providerConfig({ endpoint }), { environment })
    const error = await requestError(registry.send('writer', chat('a'), fresh()))
    await registry.close()
    expect([error.code, error.problem.kind]).toEqual(['proxy-unauthorized', 'endpoint-stopped'])
    expect(error.message).not.toContain('wrong-password')
  })

  test.each(['HTTP_PROXY', 'http_proxy'])('%s may omit its protocol', async (name) => {
    await using proxy = await createProxy('user:secret-word')
    const environment = { [name]: ` user:secret-word@${proxy.address}` }
    const registry = openRegistry(providerConfig({ endpoint: plain.url }), { environment })
    await registry.send('writer', chat('a'), fresh())
    await registry.close()
    expect(proxy.forwarded).toHaveLength(1)
    expect(registry.redact('user:secret-word@')).not.toContain('secret-word')
  })

  test.each([
    ['HTTP_PROXY', 'http://', 'it is not an address'],
    ['HTTP_PROXY', 'socks5://127.0.0.1:1080', 'it is one of socks5'],
    ['http_proxy', 'proxy host:80', 'it is not an address'],
  ])('%s=%s is refused before the run', (name, address, words) => {
    const environment = { [name]: address }
    expect(() => openRegistry(providerConfig({ endpoint: plain.url }), { environment })).toThrow(
      words,
    )
  })

  test('a proxy for another protocol is none of an endpoint', async () => {
    const environment = { HTTPS_PROXY: 'socks5://127.0.0.1:1080', HTTP_PROXY: '' }
    const registry = openRegistry(providerConfig({ endpoint: plain.url }), { environment })
    const reply = await registry.send('writer', chat('a'), fresh())
    await registry.close()
    expect(reply.finishReason).toBe('stop')
  })

  test('what can not be opened fails requests, and can be closed', async () => {
    const environment = { HTTP_PROXY: 'socks5://127.0.0.1:1080' }
    const provider = openai.open(providerConfig({ endpoint: plain.url }), {
      targets: [],
      apiKey: null,
      environment,
      clock: systemClock,
      directory: process.cwd(),
      onEvent: () => undefined,
      redact: (text) => text,
    })
    const target: ModelTarget = {
      model: 'test',
      operation: 'chat',
      maxTokens: null,
      temperature: null,
      topP: null,
      dimensions: null,
      encodingFormat: 'float',
      timeoutMs: 1000,
      extraBody: {},
      maxParallelRequests: 1,
    }
    const error = await requestError(provider.send(target, chat('a'), fresh()))
    expect(error.message).toContain('HTTP_PROXY to be a proxy')
    await provider.close()
  })

  test('a proxy that is not there is unreachable', async () => {
    const proxy = await createProxy()
    await proxy[Symbol.asyncDispose]()
    const environment = { HTTP_PROXY: `http://${proxy.address}` }
    const registry = openRegistry(providerConfig({ endpoint: plain.url }), { environment })
    const error = await requestError(registry.send('writer', chat('a'), fresh()))
    await registry.close()
    expect([error.code, error.problem.kind]).toEqual(['unreachable', 'unreachable'])
  })
})

describe('certificates', () => {
  test("an authority of one's own is taken from NODE_EXTRA_CA_CERTS", async () => {
    const text = await fromProcess(secure.url, { NODE_EXTRA_CA_CERTS: fixture('ca.pem') })
    expect(text.trim().split(' ')).toHaveLength(24)
  })

  test('without it the certificate is refused, and the message says how to trust it', async () => {
    const text = await fromProcess(secure.url, {})
    expect(text).toMatch(/^tls-untrusted endpoint-stopped /)
    expect(text).toContain('NODE_EXTRA_CA_CERTS')
  })
})
