import { readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { isMediaPath, mimeOf } from '../graph/media.ts'
import type { PageMedia } from '../profile/page-records.ts'
import { failedWith } from '../threads/system-error.ts'

/** Bytes of an image that is put into the page, and of all of them. */
const mostImageBytes = 150_000
const mostInPage = 3_000_000

/** Makes what a page shows of the files that cells name. */
export interface MediaEmbedder {
  filesOf(paths: readonly string[]): Promise<PageMedia[]>
}

/** Small images are put into the page, one after another until it has enough; other files are linked. */
export function createMediaEmbedder(directory: string, pageFolder: string): MediaEmbedder {
  let room = mostInPage
  const sources = new Map<string, string | null>()

  async function sourceOf(path: string): Promise<string | null> {
    const known = sources.get(path)
    if (known !== undefined) return known
    const source = await embed(path)
    sources.set(path, source)
    return source
  }

  async function embed(path: string): Promise<string | null> {
    const mime = mimeOf(path)
    if (!mime.startsWith('image/')) return null
    const file = join(directory, path)
    try {
      const { size } = await stat(file)
      if (size > Math.min(mostImageBytes, room)) return null
      room -= size
      return `data:${mime};base64,${(await readFile(file)).toString('base64')}`
    } catch (error) {
      // The link then leads nowhere, which is what there is to say of it.
      if (failedWith(error, 'ENOENT')) return null
      throw error
    }
  }

  return {
    async filesOf(paths) {
      const files: PageMedia[] = []
      for (const path of paths) {
        const isFile = isMediaPath(path)
        const href = isFile
          ? relative(pageFolder, join(directory, path)).split(sep).join('/')
          : null
        files.push({
          name: isFile ? basename(path) : path,
          mime: mimeOf(path),
          src: isFile ? await sourceOf(path) : null,
          href,
        })
      }
      return files
    },
  }
}
