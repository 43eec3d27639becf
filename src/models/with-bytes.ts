import type { Content, ModelRequest } from '../graph/request.ts'
import { messageOf } from '../util/errors.ts'
import { noFormFor, shownAddress, type Asked } from './classify.ts'
import type { Downloader } from './download.ts'

interface BytesOptions {
  downloads: Pick<Downloader, 'get'>
  asked: Asked
  signal: AbortSignal
}

/** A request for images whose own images are here, wherever they were. */
export async function withBytes(
  request: ModelRequest,
  options: BytesOptions,
): Promise<ModelRequest> {
  if (request.operation !== 'image') return request
  const prompt: Content[] = []
  for (const block of request.prompt) prompt.push(await hereOf(block, options))
  return { ...request, prompt }
}

async function hereOf(
  block: Content,
  { downloads, asked, signal }: BytesOptions,
): Promise<Content> {
  if (block.type !== 'media' || !('url' in block.media)) return block
  const { url } = block.media
  try {
    const bytes = await downloads.get(url, signal)
    return { ...block, media: { base64: Buffer.from(bytes).toString('base64') } }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw noFormFor(`the image at ${shownAddress(url)}: ${messageOf(error)}`, asked)
  }
}
