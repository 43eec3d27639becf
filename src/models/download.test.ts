import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import { largestReply } from './connections.ts'
import { createDownloader } from './download.ts'

const asked: string[] = []
const host = createServer((request, response) => {
  const { url = '' } = request
  asked.push(url)
  const to = places.get(url)
  if (to !== undefined) response.writeHead(302, { location: to }).end('elsewhere')
  else if (url === '/gone') response.writeHead(410).end('no')
  else if (url === '/large') response.writeHead(200).end(Buffer.alloc(largestReply + 1))
  else response.writeHead(200).end(url === '/nothing' ? '' : Buffer.from([0xff, 0, 0xfe]))
})
const places = new Map([
  ['/moved', '/there?a=1'],
  ['/round', '/round'],
  ['/out', 'file:///etc/hostname'],
])
let base = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    host.listen(0, '127.0.0.1', resolve)
  })
  // A server that listens on a port has an address with a port.
  base = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
})
afterAll(() => {
  host.closeAllConnections()
  host.close()
})

const signal = new AbortController().signal

test('bytes come as they are, from where an address sends on to', async () => {
  const downloads = createDownloader({ environment: {}, clock: systemClock })
  expect([...(await downloads.get(`${base}/moved`, signal))]).toEqual([0xff, 0, 0xfe])
  expect(asked).toEqual(['/moved', '/there?a=1'])
  await downloads.close()
})

test.each([
  ['/gone', 'it answered 410'],
  ['/nothing', 'it answered with nothing'],
  ['/round', 'it sent on more than 5 times'],
  ['/out', 'it is not a web URL'],
  ['/large', 'Response content exceeded max size'],
])('%s: %s', async (path, message) => {
  const downloads = createDownloader({ environment: {}, clock: systemClock })
  const failure = await downloads.get(base + path, signal).catch((error: unknown) => error)
  expect(messageOf(failure)).toContain(message)
  await downloads.close()
})

test('goes through the proxy of the environment, and stops when it is told to', async () => {
  const environment = { http_proxy: `http://127.0.0.1:1` }
  const downloads = createDownloader({ environment, clock: systemClock })
  asked.length = 0
  const failure = await downloads.get(`${base}/there`, signal).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'ECONNREFUSED' })
  expect(asked).toEqual([])
  const reason = new Error('no longer wanted')
  await expect(downloads.get(`${base}/there`, AbortSignal.abort(reason))).rejects.toBe(reason)
  await downloads.close()
})
