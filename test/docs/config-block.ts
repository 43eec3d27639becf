import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadProviders } from '../../src/config/model-lists.ts'
import { formatProblems } from '../../src/config/format-problems.ts'
import { parseConfigText } from '../../src/config/text.ts'
import { preview, validate } from '../../src/index.ts'
import { type Block, fileNameOf } from './blocks.ts'

interface Place {
  directory: string
  environment: Record<string, string>
  /** Writes a file into the folder, with the test's endpoints; answers its path. */
  write: (name: string, text: string) => Promise<string>
}

/** Writes a block of YAML as a file and tries it as what it is marked as. */
export async function executeConfig(block: Block, place: Place): Promise<void> {
  const { text, options } = block
  const { environment } = place
  const name = fileNameOf(block) ?? `block-${block.line}.yaml`
  const base = options.get('into')
  if (base !== undefined) return tryConfig(await merge(base, text, place), { environment })
  const config = await place.write(name, text)
  if (options.has('invalid')) {
    const { ok } = await validate({ config, environment })
    if (ok) throw new Error('it is marked as invalid, and nothing is wrong with it')
  } else if (options.has('run-config')) {
    const other = await place.write('base.json', JSON.stringify(leastConfig))
    const { ok, problems } = await validate({ config: other, runConfig: config })
    if (!ok) throw new Error(formatProblems(problems))
  } else if (options.has('providers')) {
    const { providers, problems } = loadProviders(text, { file: name })
    if (providers === null) throw new Error(formatProblems(problems))
  } else {
    const file = options.get('with')
    const providers = file === undefined ? {} : { providersFile: join(place.directory, file) }
    await tryConfig(config, { environment, ...providers })
  }
}

const leastConfig = { columns: [{ name: 'a', column_type: 'expression', expr: 'x' }] }

/** A config must be sound, and its first rows must come out. */
async function tryConfig(
  config: string,
  options: { environment: Record<string, string>; providersFile?: string },
): Promise<void> {
  const { ok, problems } = await validate({ config, ...options })
  if (!ok) throw new Error(formatProblems(problems))
  const { result, failures } = await preview({ config, ...options, rows: 3 })
  const { accepted, nullKept, rejected } = result.rows
  // A selection makes more rows than it takes.
  if (accepted + nullKept + rejected >= 3) return
  throw new Error(`of 3 rows ${accepted} came out: ${JSON.stringify(failures)}`)
}

/** Puts a fragment into a config that was written before: columns are added, others replaced. */
async function merge(base: string, fragment: string, { directory, write }: Place): Promise<string> {
  const whole = mappingIn(await readFile(join(directory, base), 'utf8'))
  const part = mappingIn(await readFile(await write('fragment.yaml', fragment), 'utf8'))
  const columns = [...listIn(whole, 'columns'), ...listIn(part, 'columns')]
  return write(`with-fragment-${base}.json`, JSON.stringify({ ...whole, ...part, columns }))
}

function mappingIn(text: string): Record<string, unknown> {
  const { value } = parseConfigText(text, { file: 'fragment' })
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>
}

function listIn(mapping: Record<string, unknown>, key: string): unknown[] {
  const list = mapping[key] ?? []
  if (!Array.isArray(list)) throw new Error(`${key} is not a list`)
  return list
}
