import { RequestError } from '../graph/request-error.ts'
import { type Asked, describe, shownAddress } from './classify.ts'
import type { RawBytes } from './exchange.ts'
import { NoReply, type SdkConnections } from './sdk-fetch.ts'
import type { Fetched } from './sdk-request.ts'

export interface MediaFetchOptions {
  /** Patterns of addresses that the model gets by itself, by type: `image/*`. */
  supported: Record<string, RegExp[]>
  timeoutMs: number
  signal: AbortSignal
  asked: Asked
}

/** Gets media by address for models that take only their bytes. */
export function createMediaFetch(
  connections: SdkConnections,
  { supported, timeoutMs, signal, asked }: MediaFetchOptions,
): Fetched {
  return async (block) => {
    const { media, mime } = block
    if (!('url' in media) || isSupported(media.url, mime, supported)) return block
    const url = new URL(media.url)
    const request = { url, method: 'GET', headers: {}, body: null } as const
    let reply: RawBytes
    try {
      reply = await connections.exchange(request, { signal, timeoutMs })
    } catch (error) {
      throw new NoReply(error)
    }
    if (reply.status >= 200 && reply.status < 300) {
      return { ...block, media: { base64: reply.bytes.toString('base64') } }
    }
    throw new RequestError(
      'media-unavailable',
      `${describe(asked)} was not asked: ${asked.redact(shownAddress(media.url))}, which stands beside the prompt, answered ${reply.status}.`,
      { kind: 'refused' },
    )
  }
}

function isSupported(
  url: string,
  mime: string,
  supported: MediaFetchOptions['supported'],
): boolean {
  return Object.entries(supported).some(([type, patterns]) => {
    const start = type.replace(/\*.*$/, '')
    const fits = type.includes('*') ? mime.startsWith(start) : mime === type
    return fits && patterns.some((pattern) => pattern.test(url))
  })
}
