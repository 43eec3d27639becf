import { messageOf } from '../util/errors.ts'
import { type Asked, noFormFor, shownAddress } from './classify.ts'
import type { Downloader } from './download.ts'
import type { Fetched } from './sdk-request.ts'

export interface MediaFetchOptions {
  /** Patterns of addresses that the model gets by itself, by type: `image/*`. */
  supported: Record<string, RegExp[]>
  downloads: Pick<Downloader, 'get'>
  signal: AbortSignal
  asked: Asked
}

/** Gets media by address for models that take only their bytes. */
export function createMediaFetch({
  supported,
  downloads,
  signal,
  asked,
}: MediaFetchOptions): Fetched {
  return async (block) => {
    const { media, mime } = block
    if (!('url' in media) || isSupported(media.url, mime, supported)) return block
    const { url } = media
    try {
      const bytes = await downloads.get(url, signal)
      return { ...block, media: { base64: Buffer.from(bytes).toString('base64') } }
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw noFormFor(`what is at ${shownAddress(url)}: ${messageOf(error)}`, asked)
    }
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
