/** A file of the run folder that a cell names: an image, a sound, whatever a model makes. */
export interface MediaFile {
  /** Relative to the run folder: the cell of a media column, or one of its list. */
  readonly path: string
  readonly mime: string
  readonly bytes: number
}

/** The files of a run that cells name. Equal bytes are stored as one file. */
export interface MediaStore {
  /** Resolves once the file is durable. It is the run's as soon as a cell that names it is. */
  put(bytes: Uint8Array, mime: string): Promise<MediaFile>
  /** Of a file that was put before, by its path. */
  read(path: string): Promise<Uint8Array>
}

const endings: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
  'image/svg+xml': 'svg',
  'audio/mpeg': 'mp3',
  'audio/wav': 'wav',
  'audio/ogg': 'ogg',
  'audio/flac': 'flac',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
  'application/pdf': 'pdf',
  'application/json': 'json',
  'text/plain': 'txt',
}

const unknownEnding = 'bin'
const unknownMime = 'application/octet-stream'

/** Where the file with that content stands; `hash` is the hex SHA-256. */
export function mediaPath(hash: string, mime: string): string {
  const [type = ''] = mime.toLowerCase().split(';')
  return `media/${hash.slice(0, 2)}/${hash}.${endings[type.trim()] ?? unknownEnding}`
}

/** What a file is, by the ending `mediaPath` gave it. */
export function mimeOf(path: string): string {
  const ending = path.slice(path.lastIndexOf('.') + 1)
  return Object.keys(endings).find((mime) => endings[mime] === ending) ?? unknownMime
}

const pattern = /^media\/[0-9a-f]{2}\/[0-9a-f]{64}\.[a-z0-9]{1,5}$/

export function isMediaPath(text: unknown): boolean {
  return typeof text === 'string' && pattern.test(text)
}

/** The paths a stored cell of a media column names: it is one, or the JSON of a list. */
export function mediaPathsOf(stored: string): string[] {
  return stored.startsWith('[') ? (JSON.parse(stored) as string[]) : [stored]
}

/** Where no run keeps files: while a config is checked, and for columns that are made anew. */
export function noMedia(why: string): MediaStore {
  return {
    put: () => Promise.reject(new Error(`no file can be stored: ${why}`)),
    read: (path) => Promise.reject(new Error(`${path} can't be read: ${why}`)),
  }
}
