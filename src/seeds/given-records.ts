import { createHash } from 'node:crypto'
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { oneOf, text } from '../config/scalars.ts'
import { CellFailure } from '../graph/failure.ts'
import { valueOfUser } from '../graph/user-values.ts'
import { messageOf } from '../util/errors.ts'
import { stringifyJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'
import { defineSeedSource, SeedFault, type SeedContext, type SeedSource } from './define.ts'
import { lookAtFile } from './file.ts'
import { jsonl } from './formats/jsonl.ts'

/** Grows whenever the same records give other columns or values than before. */
const readingVersion = 1

/** Text that is written at a time. */
const blockCharacters = 256 * 1024

const schema = z
  .object({
    seed_type: oneOf(['records']).describe('Kind of source.'),
    records: text({ nonEmpty: true }).describe(
      'Objects that a program gives: an array, anything to iterate over with or without waiting, or a function that makes one.',
    ),
  })
  .describe('Records that a program gives.')

type Records = Iterable<unknown> | AsyncIterable<unknown>

/**
 * Records of a program. They are taken once, written into a temporary file as they come, and read from
 * there.
 */
export const records: SeedSource<z.output<typeof schema>> = defineSeedSource({
  type: 'records',
  schema,
  async open({ records: word }, context) {
    const given = givenAs(word, context)
    if (given === null) throw notGiven()
    const folder = await mkdtemp(join(tmpdir(), 'rowsmith-records-'))
    const close = (): Promise<void> => rm(folder, { recursive: true, force: true })
    try {
      const path = join(folder, 'records.jsonl')
      const identity = await writeRecords(given, path, context.signal)
      const file = await lookAtFile(path, { label: null, compression: null })
      const reading = await jsonl.open([file], { signal: context.signal }, null)
      return {
        columns: reading.columns,
        size: reading.size,
        identity,
        stamp: identity,
        notes: reading.notes ?? [],
        rows: ({ signal }) => reading.rows({ signal }),
        changed: () => Promise.resolve(false),
        close,
      }
    } catch (error) {
      await close()
      throw error
    }
  },
  async stamp({ records: word }, context) {
    const given = givenAs(word, context)
    if (given === null) return null
    // Only all of them tell whether they are the same.
    const identity = await writeRecords(given, null, context.signal)
    return { stamp: identity, identity: () => Promise.resolve(identity) }
  },
})

/** Null where no program gave any: the config was read from a file, or from a run folder. */
function givenAs(word: string, { given }: SeedContext): unknown {
  return given?.get(word) ?? null
}

function notGiven(): SeedFault {
  return new SeedFault('records-missing', 'its records are given by a program', {
    field: 'records',
    suggestion: 'Give them in the config object of create(), or name a file with seed_type: local.',
  })
}

/** Writes each record as a line of JSON, where there is a file; gives the identity of all. */
async function writeRecords(
  given: unknown,
  path: string | null,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256').update(`records ${readingVersion}\n`)
  const file = path === null ? null : await open(path, 'w')
  try {
    let block = ''
    let count = 0
    for await (const record of taken(iterableOf(given), signal)) {
      block += `${stringifyJson(objectOf(record, count))}\n`
      count += 1
      if (block.length < blockCharacters) continue
      await writeBlock(file, hash, block)
      block = ''
    }
    await writeBlock(file, hash, block)
    return hash.digest('hex')
  } finally {
    await file?.close()
  }
}

async function writeBlock(
  file: FileHandle | null,
  hash: ReturnType<typeof createHash>,
  block: string,
): Promise<void> {
  hash.update(block)
  await file?.appendFile(block)
}

/** Iterators that gave all they have: what is not made anew begins nowhere. */
const used = new WeakSet<object>()

function iterableOf(given: unknown): Records {
  const made: unknown = typeof given === 'function' ? Reflect.apply(given, undefined, []) : given
  if (!isRecords(made)) {
    throw new SeedFault('no-records', 'they are nothing that can be iterated over', {
      field: 'records',
      suggestion: 'Give an array of objects, an iterator, or a function that makes one.',
    })
  }
  if (used.has(made)) {
    throw new SeedFault('records-used', 'they are an iterator that was read before', {
      field: 'records',
      suggestion:
        'Give a function that makes the iterator: it is called whenever records are read.',
    })
  }
  return made
}

function isRecords(made: unknown): made is Records {
  if (typeof made !== 'object' || made === null) return false
  return Symbol.asyncIterator in made || Symbol.iterator in made
}

/** Takes one after the other; an abort does not wait for the next. */
async function* taken(given: Records, signal: AbortSignal): AsyncGenerator {
  const iterator: Iterator<unknown> | AsyncIterator<unknown> =
    Symbol.asyncIterator in given ? given[Symbol.asyncIterator]() : given[Symbol.iterator]()
  // A generator is its own iterator and can't begin again.
  if (Object.is(iterator, given)) used.add(given)
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const abort = (): void => aborted.reject(signal.reason)
  signal.throwIfAborted()
  signal.addEventListener('abort', abort, { once: true })
  let count = 0
  let isOver = false
  try {
    for (;;) {
      const next = await Promise.race([nextOf(iterator, count), aborted.promise])
      isOver = next.done === true
      if (next.done === true) return
      count += 1
      yield await next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    // Not waited for: it may hang where its records did.
    if (!isOver) void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

async function nextOf(
  iterator: Iterator<unknown> | AsyncIterator<unknown>,
  count: number,
): Promise<IteratorResult<unknown>> {
  try {
    return await iterator.next()
  } catch (error) {
    throw new SeedFault(
      'records-failed',
      `the source of the records failed after ${count} of them: ${messageOf(error)}`,
      { cause: error, field: 'records' },
    )
  }
}

function objectOf(record: unknown, index: number): Value {
  const place = `records[${index}]`
  try {
    const value = valueOfUser(record, 'json', place)
    if (value instanceof Map) return finite(value, place)
  } catch (error) {
    if (!(error instanceof CellFailure)) throw error
    throw new SeedFault('bad-record', error.message, { cause: error, field: 'records' })
  }
  throw new SeedFault('not-an-object', `${place} is not an object, and a seed row is one`, {
    field: 'records',
    suggestion: 'Give objects: { column: value, … }.',
  })
}

/** Numbers that JSON has not would end as something else. */
function finite(value: Value, place: string): Value {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new SeedFault('bad-record', `${place} is ${value}, which no dataset holds`, {
      field: 'records',
      suggestion: 'Give null instead.',
    })
  }
  if (Array.isArray(value))
    for (const [at, item] of value.entries()) finite(item, `${place}[${at}]`)
  if (value instanceof Map) for (const [key, item] of value) finite(item, `${place}.${key}`)
  return value
}
