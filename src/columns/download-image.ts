import { CellFailure } from '../graph/failure.ts'
import { messageOf } from '../util/errors.ts'

const largestImage = 64 * 1024 * 1024
const tries = 3

/** The image at an address that a model answered with, as base64. */
export async function downloadImage(url: string, signal: AbortSignal): Promise<string> {
  for (let number = 1; ; number += 1) {
    try {
      const reply = await fetch(url, { signal })
      if (!reply.ok) throw new Error(`it answered ${reply.status}`)
      const bytes = Buffer.from(await reply.arrayBuffer())
      if (bytes.length > 0 && bytes.length <= largestImage) return bytes.toString('base64')
      throw new Error(`it answered with ${bytes.length} bytes`)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (number < tries) continue
      const address = url.split('?', 1)[0] ?? ''
      throw new CellFailure(
        'image-not-downloaded',
        `the model answered with the address ${address}, and the image can't be had from there: ${messageOf(error)}`,
        { cause: error },
      )
    }
  }
}
