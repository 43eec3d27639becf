import type { Clock } from '../util/clock.ts'
import { openConnections } from './connections.ts'
import { exchangeBytes } from './exchange.ts'
import type { Connections } from './free-connections.ts'
import type { Environment } from './provider.ts'

/** Gets files at addresses that models and datasets name, by the same ways as models are asked. */
export interface Downloader {
  /** Rejects with the signal's reason, or with why it can't be had, for people. */
  readonly get: (url: string, signal: AbortSignal) => Promise<Uint8Array>
  close(): Promise<void>
}

const timeoutMs = 60_000
const mostRedirects = 5
/** Of one host; a run of images comes from few. */
const mostHosts = 64

export function createDownloader({
  environment,
  clock,
}: {
  environment: Environment
  clock: Clock
}): Downloader {
  const dispatchers = new Map<string, Promise<Connections>>()

  function dispatcherOf(url: URL): Promise<Connections> {
    let opened = dispatchers.get(url.origin)
    if (opened === undefined) {
      opened = openConnections(url, environment)
      dispatchers.set(url.origin, opened)
      const [oldest] = dispatchers.keys()
      if (dispatchers.size > mostHosts && oldest !== undefined) {
        // What is on its way still comes.
        void dispatchers.get(oldest)?.then(
          (old) => old.close(),
          () => undefined,
        )
        dispatchers.delete(oldest)
      }
    }
    return opened
  }

  async function get(address: string, signal: AbortSignal): Promise<Uint8Array> {
    let url = addressOf(address)
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      const call = {
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET' as const,
        headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'rowsmith' },
        body: null,
        timeoutMs,
      }
      const { status, headers, bytes } = await exchangeBytes(await dispatcherOf(url), call, {
        clock,
        signal,
      })
      if (status >= 200 && status < 300) {
        if (bytes.length === 0) throw new Error('it answered with nothing')
        return bytes
      }
      const { location } = headers
      if (status < 300 || status >= 400 || typeof location !== 'string') {
        throw new Error(`it answered ${status}`)
      }
      url = addressOf(new URL(location, url).href)
    }
    throw new Error(`it sent on more than ${mostRedirects} times`)
  }

  return {
    get,
    async close() {
      for (const opened of dispatchers.values()) {
        // Where it could not be opened, the download has said so.
        await (await opened.catch(() => null))?.destroy()
      }
    },
  }
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new Error('it is not a web URL')
}
