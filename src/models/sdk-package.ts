import type { EmbeddingModelV4, ImageModelV4, LanguageModelV4 } from '@ai-sdk/provider'
import type { Asked } from './classify.ts'
import { importPackage, type PackageSearch } from './project-package.ts'
import { failed } from './provider-failure.ts'
import { isObject } from './provider-text.ts'

/** What a package of the AI SDK gives: models by their ids. */
export interface SdkProvider {
  languageModel(id: string): LanguageModelV4
  embeddingModel?(id: string): EmbeddingModelV4
  imageModel?(id: string): ImageModelV4
}

type Create = (settings: Readonly<Record<string, unknown>>) => unknown

/** The function of a package that makes its provider; the package is looked for from folders upwards. */
export async function loadSdkPackage(name: string, search: PackageSearch): Promise<Create> {
  const exports = await importPackage(name, search)
  const create = createFunction(name, exports)
  if (create !== null) return create
  throw failed(
    'package-unsuitable',
    `can't use the package ${name}: it exports no function like "createProvider", as packages of the AI SDK do.`,
    search.asked,
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
  throw failed(
    'package-unsuitable',
    `needs models of version 4 of the AI SDK's specification, and the installed ${name} has ${typeof version === 'string' ? version : 'none'}. Install a release for AI SDK 7 with "npm install ${name}@latest".`,
    asked,
  )
}
