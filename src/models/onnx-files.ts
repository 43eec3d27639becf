import { access, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isMissing } from '../threads/system-error.ts'
import { messageOf } from '../util/errors.ts'
import type { Asked } from './classify.ts'
import { type HubAddress, readHubAddress } from './hub-address.ts'
import type { HubOptions } from './hub-file.ts'
import { firstHubFile } from './hub-model.ts'
import { failed } from './provider-failure.ts'
import { isObject } from './provider-text.ts'

/** The files of a model for embeddings, as exports of sentence transformers lay them out. */
export interface OnnxFiles {
  /** The weights. */
  readonly network: string
  readonly tokenizer: object
  readonly tokenizerConfig: Readonly<Record<string, unknown>>
  readonly config: Readonly<Record<string, unknown>>
}

/** Usual places of the weights, the exact ones first. */
const usual = ['onnx/model.onnx', 'model.onnx', 'onnx/model_quantized.onnx', 'model_quantized.onnx']

interface Finding {
  model: string
  /** Where the weights are in the folder; the usual places when null. */
  file: string | null
  asked: Asked
  hub: HubOptions
}

/** Finds the files in a folder, next to a file of weights, or in a repository of the Hub. */
export async function findOnnxFiles({ model, file, asked, hub }: Finding): Promise<OnnxFiles> {
  const address = readHubAddress(model)
  const find =
    address === null ? await inFolder(model, file) : inRepository(address, { file, asked, hub })
  const network = await find(find.networks)
  if (network === null) throw missing(model, `none of ${find.networks.join(', ')}`, asked)
  const tokenizer = await find(['tokenizer.json'])
  if (tokenizer === null) throw missing(model, 'no tokenizer.json', asked)
  const [tokenizerConfig, config] = [
    await find(['tokenizer_config.json']),
    await find(['config.json']),
  ]
  return {
    network,
    tokenizer: await readObject(tokenizer, asked),
    tokenizerConfig: tokenizerConfig === null ? {} : await readObject(tokenizerConfig, asked),
    config: config === null ? {} : await readObject(config, asked),
  }
}

/** The path of the first of several files that is there. */
interface Find {
  (names: readonly string[]): Promise<string | null>
  networks: readonly string[]
}

async function inFolder(model: string, file: string | null): Promise<Find> {
  const path = resolve(model.replace(/^~(?=$|[/\\])/, homedir()))
  const isFile = await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
  // The other files are next to the weights, or a folder above them.
  const folders = isFile ? [dirname(path), dirname(dirname(path))] : [path]
  const networks = isFile ? [path] : file === null ? usual : [file]
  const find = async (names: readonly string[]): Promise<string | null> => {
    for (const name of names) {
      for (const folder of folders) {
        const place = resolve(folder, name)
        if (await exists(place)) return place
      }
    }
    return null
  }
  return Object.assign(find, { networks })
}

function inRepository(
  address: HubAddress,
  { file, asked, hub }: Pick<Finding, 'file' | 'asked' | 'hub'>,
): Find {
  const named = address.path === '' ? file : address.path
  const find = (names: readonly string[]): Promise<string | null> =>
    firstHubFile(
      names.map((path) => ({ ...address, path })),
      asked,
      hub,
    )
  return Object.assign(find, { networks: named === null ? usual : [named] })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function readObject(path: string, asked: Asked): Promise<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (isObject(read)) return read
    throw new TypeError('it is not an object')
  } catch (error) {
    const code = isMissing(error) ? 'model-missing' : 'model-unreadable'
    throw failed(code, `can't use ${path}: ${messageOf(error)}.`, asked, { cause: error })
  }
}

function missing(model: string, what: string, asked: Asked): Error {
  const place = readHubAddress(model) === null ? join(resolve(model)) : model
  return failed(
    'model-missing',
    `has ${what} at ${place}. "model" is the folder of a model with its tokenizer.json and weights, or hf:owner/name; "file" in "extra_body" names other weights in it.`,
    asked,
  )
}
