import type { Dispatcher } from 'undici'
import { openDispatcher } from '../models/connections.ts'
import type { Clock } from '../util/clock.ts'

type Fetch = typeof globalThis.fetch

/** Connections that a push uses: by the proxies of the environment, and trying again what fails for a moment. */
export interface HubConnections extends AsyncDisposable {
  readonly fetch: Fetch
}

export interface ConnectionOptions {
  environment: Readonly<Record<string, string | undefined>>
  clock: Clock
  /** Called with the size of content that a server took. */
  onSent: (bytes: number) => void
}

const mostAttempts = 5
const firstPauseMs = 500
const longestPauseMs = 30_000

export function openHubConnections({
  environment,
  clock,
  onSent,
}: ConnectionOptions): HubConnections {
  const dispatchers = new Map<string, Promise<Dispatcher>>()

  function dispatcherOf(url: URL): Promise<Dispatcher> {
    let opened = dispatchers.get(url.origin)
    if (opened === undefined) {
      opened = openDispatcher(url, environment)
      dispatchers.set(url.origin, opened)
    }
    return opened
  }

  async function once(url: URL, init: RequestInit): Promise<Response> {
    const undici = await import('undici')
    // The types of fetch that Node has are those of another undici; what is passed is the same.
    const fetchBy = undici.fetch as unknown as (url: URL, init: object) => Promise<Response>
    return fetchBy(url, { ...init, dispatcher: await dispatcherOf(url) })
  }

  async function send(input: Parameters<Fetch>[0], init: RequestInit = {}): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input)
    const { signal } = init
    // A stream is gone once it was sent; blobs and texts can be sent again.
    const attempts = init.body instanceof ReadableStream ? 1 : mostAttempts
    for (let attempt = 1; ; attempt += 1) {
      let pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs)
      try {
        const response = await once(url, init)
        const isPassing = response.status === 429 || response.status >= 500
        if (!isPassing || attempt >= attempts) {
          if (response.ok && init.body instanceof Blob) onSent(init.body.size)
          return response
        }
        await response.body?.cancel()
        const seconds = Number(response.headers.get('retry-after') ?? 0)
        if (seconds > 0) pauseMs = Math.min(seconds * 1000, longestPauseMs)
      } catch (error) {
        if (signal?.aborted === true || attempt >= attempts) throw error
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
      signal?.throwIfAborted()
    }
  }

  return {
    fetch: send,
    async [Symbol.asyncDispose]() {
      const opened = await Promise.allSettled(dispatchers.values())
      for (const each of opened) if (each.status === 'fulfilled') await each.value.destroy()
    },
  }
}
