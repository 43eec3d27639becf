import { createWriteStream } from 'node:fs'
import {
  chmod,
  chown,
  copyFile,
  lstat,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { storageError } from '../threads/storage-error.ts'
import { failedWith } from '../threads/system-error.ts'

/**
 * Writes text, or the bytes of a file, under a name a user gave.
 *
 * A plain file is replaced only when its successor is complete. Links stay: what they point to is
 * written. Pipes and devices stay, too, and get the text as it is made.
 */
export async function writeTarget(
  path: string,
  text: Iterable<string> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const target = resolve(path)
  try {
    const place = await findPlace(target)
    if (place.kind === 'descriptor') await writeDescriptor(place.number, text)
    else if (place.kind === 'straight') await writeStraight(place.path, text)
    else await replaceFile(place.path, place.former, text)
  } catch (error) {
    throw storageError(error, `writing ${target}`)
  }
}

type Text = Parameters<typeof writeTarget>[1]

type Place =
  /** An open file of this process: `/dev/stdout` and its like. */
  | { kind: 'descriptor'; number: number }
  /** What can't be replaced: a pipe, a device, a file with a second name. */
  | { kind: 'straight'; path: string }
  | { kind: 'file'; path: string; former: Stats | null }

const standardStreams: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 }
const mostLinks = 40

/** Where what is written under a name ends up. */
export async function findPlace(path: string): Promise<Place> {
  let at = path
  for (let links = 0; links <= mostLinks; links += 1) {
    const standard = standardStreams[at]
    if (standard !== undefined) return { kind: 'descriptor', number: standard }
    at = join(await realpath(dirname(at)), basename(at))
    const descriptor = descriptorOf(at)
    if (descriptor !== null) return { kind: 'descriptor', number: descriptor }
    const found = await lstat(at).catch(absent)
    if (found === null) return { kind: 'file', path: at, former: null }
    if (!found.isSymbolicLink()) {
      const isReplaceable = found.isFile() && found.nlink === 1
      return isReplaceable
        ? { kind: 'file', path: at, former: found }
        : { kind: 'straight', path: at }
    }
    at = resolve(dirname(at), await readlink(at))
  }
  // Says ELOOP in the words of the system.
  await stat(path)
  throw new Error(`more than ${mostLinks} links follow one another`)
}

/** Opening such a name again would begin at the file's first byte, over what is there. */
function descriptorOf(path: string): number | null {
  const match = /^\/(?:dev|proc\/(\d+)(?:\/task\/\d+)?)\/fd\/(\d+)$/.exec(path)
  if (match === null) return null
  const [, owner, number] = match
  return owner === undefined || Number(owner) === process.pid ? Number(number) : null
}

function absent(error: unknown): null {
  if (failedWith(error, 'ENOENT')) return null
  throw error
}

async function writeDescriptor(number: number, text: Text): Promise<void> {
  const standard = number === 1 ? process.stdout : number === 2 ? process.stderr : null
  if (standard === null) {
    await pipeline(Readable.from(text), createWriteStream('', { fd: number, autoClose: false }))
    return
  }
  try {
    await pipeline(Readable.from(text), standard, { end: false })
  } catch (error) {
    // A reader that goes away (`| head`) has what it wanted.
    if (!failedWith(error, 'EPIPE')) throw error
  }
}

async function writeStraight(path: string, text: Text): Promise<void> {
  await pipeline(Readable.from(text), createWriteStream(path))
}

let attempts = 0

async function replaceFile(path: string, former: Stats | null, text: Text): Promise<void> {
  attempts += 1
  // Two processes may write the same file at once, and `<name>.tmp` may be a file of the user's.
  const unfinished = `${path}.${process.pid}-${attempts}.tmp`
  try {
    await pipeline(Readable.from(text), createWriteStream(unfinished, { flags: 'wx', flush: true }))
    if (former !== null) await keepRights(unfinished, former)
    await rename(unfinished, path).catch(async (error: unknown) => {
      // A file that is mounted can be written and not replaced.
      if (!failedWith(error, 'EBUSY', 'EXDEV')) throw error
      await copyFile(unfinished, path)
      await rm(unfinished)
    })
  } catch (error) {
    // Where it can't be removed either, the first error is the one to tell.
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw error
  }
}

/** Who could not read the file before can't read its successor. */
async function keepRights(path: string, { mode, uid, gid }: Stats): Promise<void> {
  const own = await stat(path)
  if (own.uid !== uid || own.gid !== gid) {
    await chown(path, uid, gid).catch((error: unknown) => {
      // Only root gives files away; the rights below hold all the same.
      if (!failedWith(error, 'EPERM', 'EACCES')) throw error
    })
  }
  await chmod(path, mode & 0o7777)
}
