import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { createModelServer } from '../testing/model-server.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { systemClock } from '../util/clock.ts'
import { TimeoutExpired } from './deadline.ts'
import { openConnections } from './connections.ts'
import { exchange } from './exchange.ts'

test('connections are kept and used again', async () => {
  await using server = await createModelServer()
  const registry = openRegistry(providerConfig({ endpoint: server.url }))
  for (let round = 0; round < 5; round++) {
    await Promise.all([1, 2, 3].map((n) => registry.send('writer', chat(`Hello ${n}`), fresh())))
  }
  await registry.close()
  expect(server.counts.requests).toBe(15)
  expect(server.counts.connections).toBeGreaterThanOrEqual(3)
  expect(server.counts.connections).toBeLessThanOrEqual(4)
})

test('a hundred requests are in flight at once', async () => {
  // Long enough for a busy machine to have all of them there before the first is answered.
  await using server = await createModelServer({ latencyMs: 2_000 })
  const registry = openRegistry(providerConfig({ endpoint: server.url }))
  const sent = Array.from({ length: 100 }, (_, n) => registry.send('writer', chat(`${n}`), fresh()))
  await Promise.all(sent)
  await registry.close()
  expect(server.counts.maxInFlight).toBe(100)
})

test('the timeout is that of the model, to the second that is configured', async () => {
  await using server = await createModelServer({ script: () => ({ hang: true }) })
  const clock = createVirtualClock()
  const models = [modelConfig({}, { timeout: 3 })]
  const registry = openRegistry(providerConfig({ endpoint: server.url }), { models, clock })
  let error: unknown = null
  const failed = requestError(registry.send('writer', chat('Hello'), fresh())).then((given) => {
    error = given
    return given
  })
  while (server.counts.inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await clock.advance(2999)
  expect(error).toBeNull()
  await clock.advance(1)
  expect((await failed).message.replace(server.url, 'URL')).toMatchInlineSnapshot(
    `"Provider "local" (URL), model "test", returned no complete reply within 3 s. The request is tried again; raise "timeout" of the model if its answers take longer."`,
  )
  await registry.close()
})

test('a body that trickles is cut off by the same timeout', async () => {
  const trickle = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
    const timer = setInterval(() => socket.write(' '), 10)
    socket.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => trickle.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(trickle.address() as AddressInfo).port}`
  const dispatcher = await openConnections(new URL(origin), {})
  const call = { origin, path: '/', method: 'GET', headers: {}, body: null, timeoutMs: 80 } as const
  await expect(exchange(dispatcher, call, { clock: systemClock, signal: fresh() })).rejects.toThrow(
    TimeoutExpired,
  )
  await dispatcher.destroy()
  await new Promise((resolve) => trickle.close(resolve))
})

test('a timeout counts while the connection is still being made', async () => {
  // Accepts TCP and never answers the TLS greeting.
  const sockets: Socket[] = []
  const silent = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const origin = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const dispatcher = await openConnections(new URL(origin), {})
  const call = { origin, path: '/', method: 'GET', headers: {}, body: null, timeoutMs: 50 } as const
  const started = performance.now()
  await expect(exchange(dispatcher, call, { clock: systemClock, signal: fresh() })).rejects.toThrow(
    TimeoutExpired,
  )
  // A connection has 10 s.
  expect(performance.now() - started).toBeLessThan(9_000)
  await dispatcher.destroy()
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})

test('an abort ends all requests of its signal with its reason, and the server notices', async () => {
  await using server = await createModelServer({ script: () => ({ hang: true }) })
  const registry = openRegistry(providerConfig({ endpoint: server.url }))
  const controller = new AbortController()
  const sent = Array.from({ length: 50 }, () =>
    registry.send('writer', chat('Hello'), controller.signal),
  )
  const outcomes = Promise.allSettled(sent)
  while (server.counts.inFlight < 50) await new Promise((resolve) => setTimeout(resolve, 5))
  const reason = new Error('the user stopped the run')
  controller.abort(reason)
  for (const outcome of await outcomes) {
    expect(outcome).toEqual({ status: 'rejected', reason })
  }
  while (server.counts.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(server.counts.abandoned).toBe(50)
  await registry.close()
})
