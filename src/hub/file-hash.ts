import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { HubFile } from '../seeds/remote/hub-api.ts'
import { storageError } from '../threads/storage-error.ts'
import type { LocalFile } from './run-content.ts'

/** Whether a file of a repository has the same content; reads the local one where its size fits. */
export async function isSameFile(
  { source, bytes, sha256: known }: LocalFile,
  remote: HubFile,
): Promise<boolean> {
  if (bytes !== remote.size) return false
  if (remote.sha256 !== null) return (known ?? (await hashOf(source))) === remote.sha256
  return (await gitHashOf(source, bytes)) === remote.blob
}

function hashOf(source: LocalFile['source']): Promise<string> {
  return digest('sha256', '', source)
}

/** The name that Git gives a content. */
function gitHashOf(source: LocalFile['source'], bytes: number): Promise<string> {
  return digest('sha1', `blob ${bytes}\0`, source)
}

async function digest(
  algorithm: 'sha1' | 'sha256',
  prefix: string,
  source: LocalFile['source'],
): Promise<string> {
  const hash = createHash(algorithm).update(prefix)
  if ('text' in source) return hash.update(source.text).digest('hex')
  try {
    for await (const chunk of createReadStream(source.path)) hash.update(chunk as Buffer)
  } catch (error) {
    throw storageError(error, `reading ${source.path}`)
  }
  return hash.digest('hex')
}
