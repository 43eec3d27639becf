import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock } from '../util/clock.ts'
import { openConnections } from './connections.ts'
import { exchange } from './exchange.ts'
import type { Connections } from './free-connections.ts'

async function listen(
  answer: RequestListener,
  port = 0,
): Promise<{ server: Server; port: number; opened: () => number }> {
  let connections = 0
  const server = createServer(answer)
  server.on('connection', () => (connections += 1))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port, opened: () => connections }
}

function get(connections: Connections, port: number, signal = new AbortController().signal) {
  const origin = `http://127.0.0.1:${port}`
  const call = { origin, path: '/', method: 'GET', headers: {}, body: null, timeoutMs: 60_000 }
  return exchange(connections, call, { clock: systemClock, signal })
}

const open = (port: number): Promise<Connections> =>
  openConnections(new URL(`http://127.0.0.1:${port}`), {})

test('as many connections as requests in flight, used again', async () => {
  const { server, port, opened } = await listen((_, response) => response.end('here'))
  const connections = await open(port)
  for (let round = 0; round < 5; round += 1) {
    const replies = await Promise.all([1, 2, 3].map(() => get(connections, port)))
    expect(replies.map(({ text }) => text)).toEqual(['here', 'here', 'here'])
  }
  expect(opened()).toBe(3)
  await connections.destroy()
  server.close()
})

test('a connection that the server closes after its reply is opened again', async () => {
  const { server, port, opened } = await listen((_, response) => {
    response.writeHead(200, { connection: 'close' }).end('once')
  })
  const connections = await open(port)
  for (let round = 0; round < 3; round += 1) {
    expect((await get(connections, port)).text).toBe('once')
  }
  expect(opened()).toBe(3)
  await connections.destroy()
  server.close()
})

test('a connection that could not be made is tried again by the next request', async () => {
  const { server: gone, port } = await listen((_, response) => response.end())
  gone.close()
  await once(gone, 'close')
  const connections = await open(port)
  await expect(get(connections, port)).rejects.toThrow('ECONNREFUSED')
  const { server } = await listen((_, response) => response.end('back'), port)
  expect((await get(connections, port)).text).toBe('back')
  await connections.destroy()
  server.close()
})

test('a request that was given up leaves its connections usable', async () => {
  let isSlow = true
  const { server, port } = await listen((_, response) => {
    if (!isSlow) response.end('here')
  })
  const connections = await open(port)
  const controller = new AbortController()
  const connecting = get(connections, port, controller.signal)
  const waiting = get(connections, port, controller.signal)
  const arrived = once(server, 'request')
  await arrived
  controller.abort(new Error('given up'))
  await expect(connecting).rejects.toThrow('given up')
  await expect(waiting).rejects.toThrow('given up')
  isSlow = false
  expect((await get(connections, port)).text).toBe('here')
  expect((await get(connections, port)).text).toBe('here')
  await connections.destroy()
  server.close()
})

test('what is in flight fails when the connections are destroyed, and ends when they are closed', async () => {
  const { server, port } = await listen((_, response) => {
    setTimeout(() => response.end('late'), 20)
  })
  const closing = await open(port)
  const ends = get(closing, port)
  const closed = closing.close()
  expect((await ends).text).toBe('late')
  await closed
  const destroyed = await open(port)
  const fails = get(destroyed, port)
  await Promise.all([expect(fails).rejects.toThrow('destroyed'), destroyed.destroy()])
  server.close()
})
