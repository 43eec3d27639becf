import { CellFailure } from '../graph/failure.ts'
import type { BindContext } from '../graph/kind.ts'
import { messageOf } from '../util/errors.ts'

const tries = 3

/** The image at an address that a model answered with, as base64. */
export async function downloadImage(
  url: string,
  { download }: Pick<BindContext, 'download'>,
  signal: AbortSignal,
): Promise<string> {
  for (let number = 1; ; number += 1) {
    try {
      return Buffer.from(await download(url, signal)).toString('base64')
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
