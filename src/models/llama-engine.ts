import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { Llama, LlamaModel } from 'node-llama-cpp'
import { messageOf } from '../util/errors.ts'
import type { Asked } from './classify.ts'
import { readHubAddress } from './hub-address.ts'
import type { HubOptions } from './hub-file.ts'
import { hubFile } from './hub-model.ts'
import { importPackage } from './project-package.ts'
import { failed } from './provider-failure.ts'

type Library = typeof import('node-llama-cpp')

/** The runtime, as it was started for this process. */
export interface Engine {
  library: Library
  llama: Llama
}

/** A file in memory. */
export interface LoadedFile {
  library: Library
  model: LlamaModel
  /** Made for instructions; without a template the model only continues a text. */
  chat: boolean
}

/** The package is the project's, or next to rowsmith where that is installed for all projects. */
export async function startEngine(
  folders: readonly string[],
  asked: Asked,
): Promise<{ library: Library; llama: Llama }> {
  // What the package of that name exports, as its types say.
  const library = (await importPackage('node-llama-cpp', { folders, asked })) as Library
  try {
    const llama = await library.getLlama({
      gpu: false,
      build: 'never',
      logLevel: library.LlamaLogLevel.error,
    })
    return { library, llama }
  } catch (error) {
    throw failed(
      'runtime-missing',
      `needs the llama.cpp binary for this platform, which node-llama-cpp did not find (${messageOf(error)}). Install it with "npm install --include=optional node-llama-cpp".`,
      asked,
      { cause: error },
    )
  }
}

/** Reads a file of weights; one of the Hub is downloaded first. */
export async function loadFile(
  engine: Promise<Engine>,
  { model: name, asked, hub }: { model: string; asked: Asked; hub: HubOptions },
): Promise<LoadedFile> {
  const { library, llama } = await engine
  const path = await findFile(name, asked, hub)
  try {
    const model = await llama.loadModel({ modelPath: path })
    const { tokenizer } = model.fileInfo.metadata
    return { library, model, chat: Boolean(tokenizer.chat_template) }
  } catch (error) {
    throw failed(
      'model-unreadable',
      `can't be loaded from ${path}: ${messageOf(error)}. It must be a GGUF file that fits in memory.`,
      asked,
      { cause: error },
    )
  }
}

async function findFile(name: string, asked: Asked, hub: HubOptions): Promise<string> {
  const address = readHubAddress(name)
  if (address !== null) return hubFile(address, asked, hub)
  const path = pathOf(name)
  try {
    await access(path)
    return path
  } catch (error) {
    throw failed(
      'model-missing',
      `has no file at ${path}. "model" is the path of a GGUF file, relative to the working directory, or hf:owner/name/file.gguf.`,
      asked,
      { cause: error },
    )
  }
}

/** What tells one file from another. */
export function fileKey(model: string): string {
  return readHubAddress(model) === null ? pathOf(model) : model
}

function pathOf(model: string): string {
  return resolve(model.replace(/^~(?=$|[/\\])/, homedir()))
}
