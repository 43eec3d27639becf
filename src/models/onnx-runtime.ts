import type { Asked } from './classify.ts'
import { importPackage, type PackageSearch } from './project-package.ts'
import { failed } from './provider-failure.ts'

/** What is used of onnxruntime-node, which a project installs when it needs it. */
export interface OnnxRuntime {
  InferenceSession: {
    create(path: string, options: Readonly<Record<string, unknown>>): Promise<OnnxSession>
  }
  Tensor: new (type: 'int64', data: BigInt64Array, dimensions: readonly number[]) => unknown
}

export interface OnnxSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, OnnxOutput>>>
  release(): Promise<void>
}

export interface OnnxOutput {
  readonly data: ArrayLike<number>
  readonly dims: readonly number[]
}

/** What is used of @huggingface/tokenizers. */
interface Tokenizers {
  Tokenizer: new (tokenizer: object, config: object) => OnnxTokenizer
}

export interface OnnxTokenizer {
  encode(text: string): { readonly ids: readonly number[] }
}

export async function loadRuntime(
  search: PackageSearch,
): Promise<{ runtime: OnnxRuntime; tokenizers: Tokenizers }> {
  const runtime = await importWith('onnxruntime-node', ['InferenceSession', 'Tensor'], search)
  const tokenizers = await importWith('@huggingface/tokenizers', ['Tokenizer'], search)
  // Looked at for what is used of them.
  return {
    runtime: runtime as unknown as OnnxRuntime,
    tokenizers: tokenizers as unknown as Tokenizers,
  }
}

async function importWith(
  name: string,
  wanted: readonly string[],
  search: PackageSearch,
): Promise<Readonly<Record<string, unknown>>> {
  const exports = await importPackage(name, search)
  const inner = exports['default']
  for (const each of [exports, inner]) {
    const found = (typeof each === 'object' || typeof each === 'function') && each !== null
    if (found && wanted.every((word) => word in each)) return each as Record<string, unknown>
  }
  throw unsuitable(name, wanted, search.asked)
}

function unsuitable(name: string, wanted: readonly string[], asked: Asked): Error {
  return failed(
    'package-unsuitable',
    `can't use the package ${name}: it exports no ${wanted.join(' and ')}. Install it again with "npm install ${name}".`,
    asked,
  )
}
