import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CellFailure } from '../graph/failure.ts'
import { isMediaPath, type MediaStore } from '../graph/media.ts'
import type { Content } from '../graph/request.ts'
import { isMissing, systemCode } from '../threads/system-error.ts'
import { JsonSyntaxError, parseJson } from '../util/json.ts'
import { mimeOfBytes, mimeOfEnding } from '../util/media-type.ts'
import type { Cell, Value } from '../util/value.ts'

export type MediaBlock = Extract<Content, { type: 'media' }>

/** Which values of which column are media, by the config. */
export interface MediaSource {
  column: string
  kind: 'image' | 'audio' | 'video'
  dataType: 'url' | 'base64' | null
  format: string | null
  /** Place in `multi_modal_context`. */
  at: number
}

export interface MediaPlaces {
  /** Where relative paths start. */
  directory: string
  /** The files of the run, where the column's cells are some of them. */
  kept: MediaStore | null
}

/** A request with more than that is too much for providers, and for many rows at once. */
const largestRequest = 64 * 1024 * 1024

/** What the media of a request may still have, in bytes. */
interface Room {
  left: number
}

export function roomOfRequest(): Room {
  return { left: largestRequest }
}

/** The media of a cell: of one value, or of a list. */
export async function readMedia(
  cell: Cell,
  source: MediaSource,
  places: MediaPlaces & { room: Room },
): Promise<MediaBlock[]> {
  const { room } = places
  const media: MediaBlock[] = []
  for (const value of valuesOf(cell)) {
    const block = await mediaOf(value, source, places)
    if ('base64' in block.media) room.left -= Math.floor(block.media.base64.length * 0.75)
    if (room.left < 0) throw tooLarge(`the media of '${source.column}'`, source)
    media.push(block)
  }
  return media
}

function tooLarge(what: string, source: MediaSource): CellFailure {
  return new CellFailure(
    'media-too-large',
    `a request may have at most ${largestRequest} bytes of media, and ${what} exceeds them alone or with the others`,
    { field: fieldOf(source) },
  )
}

function valuesOf(cell: Cell): readonly (Cell | Value)[] {
  if (Array.isArray(cell)) return cell as readonly Value[]
  if (typeof cell !== 'string' || !/^\s*\[[^]*\]\s*$/.test(cell)) return [cell]
  try {
    const value = parseJson(cell)
    return Array.isArray(value) ? (value as readonly Value[]) : [cell]
  } catch (error) {
    if (error instanceof JsonSyntaxError) return [cell]
    throw error
  }
}

async function mediaOf(
  value: Cell | Value,
  source: MediaSource,
  places: MediaPlaces & { room: Room },
): Promise<MediaBlock> {
  if (typeof value !== 'string' || value.trim() === '') {
    const got = value === null ? 'null' : typeof value === 'string' ? 'an empty text' : typeof value
    throw noMedia(`the cell of '${source.column}' is ${got}`, source)
  }
  const text = value.trim()
  const data = /^data:([\w.+-]+\/[\w.+-]+)[^,]{0,100},/i.exec(text)
  if (data !== null) return ofDataUri(text, data, source)
  const isAddress = /^https?:\/\//i.test(text)
  if (source.dataType === 'url' || (source.dataType === null && isAddress)) {
    return ofAddress(text, isAddress, source)
  }
  if (places.kept !== null && isMediaPath(text)) {
    return ofBytes(await places.kept.read(text), text, source)
  }
  if (source.dataType === null && isFileName(text)) {
    return ofBytes(await fileAt(text, source, places), text, source)
  }
  return ofBase64(text, source)
}

function ofDataUri(text: string, [start, mime = '']: RegExpExecArray, source: MediaSource) {
  const wanted = wantedMime(source)
  if (!/;base64,$/i.test(start))
    throw noMedia(`a data URI in '${source.column}' is not base64`, source)
  if (
    !mime.toLowerCase().startsWith(`${source.kind}/`) ||
    (wanted ?? usual(mime)) !== usual(mime)
  ) {
    const expected = wanted ?? `${source.kind}/…`
    throw noMedia(`a data URI in '${source.column}' is of type ${mime}, not ${expected}`, source)
  }
  return ofBase64(text.slice(start.length), source, usual(mime))
}

function ofAddress(url: string, isAddress: boolean, source: MediaSource): MediaBlock {
  const ending = mimeOfEnding(url)
  const isOfKind = ending?.startsWith(`${source.kind}/`) === true
  if (source.kind !== 'image' && !isAddress && !isOfKind) {
    throw noMedia(`${shown(url)} in '${source.column}' is not an address of ${source.kind}`, source)
  }
  const mime = wantedMime(source) ?? (isOfKind ? ending : null) ?? defaults[source.kind]
  return { type: 'media', media: { url }, mime }
}

function ofBase64(text: string, source: MediaSource, mime?: string): MediaBlock {
  const base64 = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, '') : text
  const isBase64 = base64.length > 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(base64)
  if (!isBase64) {
    const expected =
      source.dataType === 'base64' ? 'base64' : 'an address, a data URI, a file or base64'
    throw noMedia(`${shown(text)} in '${source.column}' is not ${expected}`, source)
  }
  const found =
    mime ?? wantedMime(source) ?? mimeOfBytes(Buffer.from(base64.slice(0, 64), 'base64'))
  if (found === null || !found.startsWith(`${source.kind}/`)) {
    const is = found === null ? 'of no known type' : `of type ${found}`
    throw noMedia(
      `the base64 ${shown(text)} in '${source.column}' is ${is}, not ${source.kind}`,
      source,
    )
  }
  return { type: 'media', media: { base64 }, mime: found }
}

function ofBytes(bytes: Uint8Array, name: string, source: MediaSource): MediaBlock {
  const known = mimeOfBytes(bytes)
  const mime = known ?? mimeOfEnding(name)
  // Files of these types say what they are: one that does not is empty, cut short, or something else.
  if (bytes.length === 0 || (known === null && mime !== null && signed.has(mime))) {
    const what = bytes.length === 0 ? 'an empty file' : `not a file of type ${mime}`
    throw noMedia(`${shown(name)} in '${source.column}' is ${what}`, source)
  }
  if (mime?.startsWith(`${source.kind}/`) !== true) {
    throw noMedia(
      `${shown(name)} in '${source.column}' is of type ${mime}, not ${source.kind}`,
      source,
    )
  }
  const { buffer, byteOffset, byteLength } = bytes
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  return { type: 'media', media: { base64 }, mime }
}

const signed: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

function isFileName(text: string): boolean {
  if (/^file:\/\//i.test(text)) return true
  return text.length < 4_096 && !/[\n\r]/.test(text) && /\.[a-z0-9]{2,5}$/i.test(text)
}

async function fileAt(
  text: string,
  source: MediaSource,
  { directory, room }: MediaPlaces & { room: Room },
): Promise<Uint8Array> {
  const field = fieldOf(source)
  const path = /^file:/i.test(text) ? pathOf(text, source) : resolve(directory, text)
  try {
    const file = await stat(path)
    // A pipe would be waited for, and a device read without end.
    if (!file.isFile()) {
      const what = `the cell of '${source.column}' names ${path}, which is not a file`
      throw new CellFailure('media-missing', what, { field })
    }
    if (file.size > room.left) throw tooLarge(path, source)
    return await readFile(path)
  } catch (error) {
    if (error instanceof CellFailure) throw error
    const code = systemCode(error)
    if (code === null) throw error
    const what = isMissing(error) ? 'there is no such file' : `it can't be read (${code})`
    throw new CellFailure(
      'media-missing',
      `the cell of '${source.column}' names the file ${path}, and ${what}`,
      { cause: error, field },
    )
  }
}

function pathOf(url: string, source: MediaSource): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    // It names another host, or has signs that no path has.
    if (error instanceof TypeError) {
      throw noMedia(`${shown(url)} in '${source.column}' is not an address of a file here`, source)
    }
    throw error
  }
}

const defaults = { image: 'image/png', audio: 'audio/mpeg', video: 'video/mp4' } as const

function wantedMime({ format }: MediaSource): string | null {
  return format === null ? null : mimeOfEnding(format)
}

/** Other names of a type as the usual one. */
function usual(mime: string): string {
  const lower = mime.toLowerCase()
  return others[lower] ?? lower
}

const others: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'audio/mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
}

function noMedia(what: string, source: MediaSource): CellFailure {
  return new CellFailure('no-media', what, { field: fieldOf(source) })
}

function fieldOf({ at }: MediaSource): (string | number)[] {
  return ['multi_modal_context', at, 'column_name']
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
