import type { EmbeddingModelV4, ImageModelV4, LanguageModelV4 } from '@ai-sdk/provider'
import { pathToFileURL } from 'node:url'
import { RequestError } from '../graph/request-error.ts'
import { findPackage } from '../threads/find-package.ts'
import { messageOf } from '../util/errors.ts'
import { type Asked, describe } from './classify.ts'
import { isObject } from './provider-text.ts'

/** What a package of the AI SDK gives: models by their ids. */
export interface SdkProvider {
  languageModel(id: string): LanguageModelV4
  embeddingModel?(id: string): EmbeddingModelV4
  imageModel?(id: string): ImageModelV4
}

type Create = (settings: Readonly<Record<string, unknown>>) => unknown

/** The function of a package that makes its provider; the package is looked for from folders upwards. */
export async function loadSdkPackage(
  name: string,
  { folders, asked }: { folders: readonly string[]; asked: Asked },
): Promise<Create> {
  const found = await findPackage(name, folders)
  if (!('path' in found)) {
    throw stopped(
      'package-missing',
      `needs the package ${name}, which is not installed in or above ${folders.join(' or ')}. Install it with "npm install ${name}".`,
      asked,
    )
  }
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = await import(pathToFileURL(found.path).href)
  } catch (error) {
    throw stopped(
      'package-broken',
      `can't load the package ${name} from ${found.path} (${messageOf(error)}). Install it again with "npm install ${name}".`,
      asked,
      error,
    )
  }
  const create = createFunction(name, exports)
  if (create !== null) return create
  throw stopped(
    'package-unsuitable',
    `can't use the package ${name}: it exports no function like "createProvider", as packages of the AI SDK do.`,
    asked,
  )
}

/** Packages have one such function, perhaps under an older name too: the one most like the package's own name. */
function createFunction(name: string, exports: Readonly<Record<string, unknown>>): Create | null {
  const own = name.replace(/^.*\//, '').replaceAll(/[^a-z0-9]/gi, '')
  const found = Object.entries(exports)
    .filter(([key, value]) => /^create[A-Z]/.test(key) && typeof value === 'function')
    .map(([key, value]) => ({ like: likeness(key.slice(6).toLowerCase(), own), value }))
    .sort((one, other) => other.like - one.like)
  // Checked to be a function; what it makes is checked by whoever calls it.
  return (found[0]?.value as Create | undefined) ?? null
}

function likeness(word: string, own: string): number {
  if (word === own) return 3
  if (word.startsWith(own) || own.startsWith(word)) return 2
  return word.includes(own) || own.includes(word) ? 1 : 0
}

/** Makes the provider; one that has no language models is none. */
export function makeSdkProvider(
  create: Create,
  settings: Readonly<Record<string, unknown>>,
): SdkProvider | null {
  const made = create(settings)
  if (typeof made !== 'function' && !isObject(made)) return null
  const provider = made as Partial<SdkProvider> & { textEmbeddingModel?: unknown }
  return typeof provider.languageModel === 'function' ? (provider as SdkProvider) : null
}

/** Packages of another version have models of another form. */
export function checkVersion(name: string, model: unknown, asked: Asked): void {
  const version: unknown = isObject(model) ? model['specificationVersion'] : undefined
  if (version === 'v4') return
  throw stopped(
    'package-unsuitable',
    `needs models of version 4 of the AI SDK's specification, and the installed ${name} has ${typeof version === 'string' ? version : 'none'}. Install a release for AI SDK 7 with "npm install ${name}@latest".`,
    asked,
  )
}

export function stopped(code: string, what: string, asked: Asked, cause?: unknown): RequestError {
  const { redact } = asked
  return new RequestError(
    code,
    redact(`${describe(asked)} ${what}`),
    { kind: 'endpoint-stopped' },
    cause === undefined ? {} : { cause: new Error(redact(messageOf(cause))) },
  )
}
