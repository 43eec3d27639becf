import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectSeed } from './inspect-seed.ts'
import { Double } from '../util/value.ts'
import { allRows, createScratch, local, localSeed, sources, type Scratch } from './scratch.ts'

let scratch: Scratch
beforeEach(async () => {
  scratch = await createScratch()
})
afterEach(() => scratch[Symbol.asyncDispose]())

async function write(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(scratch.folder, name)), { recursive: true })
    await writeFile(join(scratch.folder, name), content)
  }
}

function open(path: string) {
  return local.open({ seed_type: 'local', path }, scratch.context)
}

async function read(path: string) {
  const seed = await open(path)
  return { columns: seed.columns, size: seed.size, rows: await allRows(seed) }
}

/** The only column of every row: which file it came from, where files say so. */
async function valuesOf(path: string): Promise<unknown[]> {
  return (await read(path)).rows.map(([value]) => value)
}

function fileOf(value: string): string {
  return `a\n${value}\n`
}

describe('patterns', () => {
  beforeEach(() =>
    write({
      'data/part-1.csv': fileOf('one'),
      'data/part-2.csv': fileOf('two'),
      'data/part-10.csv': fileOf('ten'),
      'data/Part-3.csv': fileOf('upper'),
      'data/.hidden.csv': fileOf('hidden'),
      'data/deep/er/x.csv': fileOf('deep'),
      'data/deep.csv/y.csv': fileOf('folder'),
      'data/part-1.csv.gz': gzipSync(fileOf('packed')),
      'odd[1].csv': fileOf('odd'),
      'odd1.csv': fileOf('even'),
    }),
  )

  test.each([
    ['data/part-*.csv', ['one', 'ten', 'two']],
    ['data/part-?.csv', ['one', 'two']],
    ['data/part-[2-9].csv', ['two']],
    ['data/{part-2,part-1}.csv', ['one', 'two']],
    ['data/*.csv', ['upper', 'one', 'ten', 'two']],
    ['data/**/*.csv', ['upper', 'folder', 'deep', 'one', 'ten', 'two']],
    ['data/part-1.csv*', ['one', 'packed']],
    ['./data/deep/../part-2*', ['two']],
    ['odd[1].csv', ['odd']],
    ['odd[0-9].csv', ['even']],
  ])('%s', async (pattern, values) => {
    expect(await valuesOf(pattern)).toEqual(values)
  })

  test('an absolute one, and one next to the config', async () => {
    expect(await valuesOf(join(scratch.folder, 'data/part-[12].csv'))).toEqual(['one', 'two'])
    const context = {
      ...scratch.context,
      workingDirectory: join(scratch.folder, 'data/deep'),
      configDirectory: scratch.folder,
    }
    const seed = await local.open({ seed_type: 'local', path: 'data/part-?.csv' }, context)
    expect(seed.size).toBe(2)
  })

  test('signs of a pattern in the name of the folder one is in are no pattern', async () => {
    await write({ 'in[1]/data/a.csv': fileOf('in') })
    const context = { ...scratch.context, workingDirectory: join(scratch.folder, 'in[1]') }
    const seed = await local.open({ seed_type: 'local', path: 'data/*.csv' }, context)
    expect(await allRows(seed)).toEqual([['in']])
  })

  test('links are followed, and one to nothing is refused', async () => {
    await symlink(join(scratch.folder, 'data/part-1.csv'), join(scratch.folder, 'data/link-1.csv'))
    expect(await valuesOf('data/link-*.csv')).toEqual(['one'])
    await symlink('nowhere.csv', join(scratch.folder, 'data/link-2.csv'))
    await expect(open('data/link-*.csv')).rejects.toThrow(
      'data/link-2.csv is a link to a file that is not there',
    )
  })

  test.each(['d [x]', 'e{a,b}', 'f@(a)', 'g*?', 'h[!a]/{1..3}'])(
    'a folder called %s is named when the pattern does not mean it',
    async (folder) => {
      await write({ [`${folder}/a.csv`]: fileOf('literal') })
      const { problems } = await inspectSeed(
        localSeed(`${folder}/b*.csv`),
        scratch.context,
        sources,
      )
      const suggestion = problems[0]?.suggestion ?? ''
      expect(suggestion).toContain(
        `There is a folder ${folder}, whose name is read as a pattern; write `,
      )
      const escaped = suggestion.slice(suggestion.indexOf('write ') + 'write '.length)
      expect(await valuesOf(escaped.replace('/b*', '/a*'))).toEqual(['literal'])
    },
  )

  test('a folder is said to be one, and how its files are named', async () => {
    const { problems } = await inspectSeed(localSeed('data'), scratch.context, sources)
    expect(problems).toMatchObject([
      {
        code: 'not-a-file',
        message: "The seed can't be used: data is a folder",
        suggestion: 'Give the path of a file, or a pattern of several: data/*.csv',
      },
    ])
  })

  test('one that matches nothing tells what is there', async () => {
    const { problems } = await inspectSeed(localSeed('data/prt-*.csv'), scratch.context, sources)
    expect(problems).toMatchObject([
      {
        code: 'seed-missing',
        message: `The seed can't be used: no file matches ${scratch.folder}/data/prt-*.csv`,
        suggestion: expect.stringContaining(`${scratch.folder}/data/part-1.csv`),
      },
    ])
  })
})

describe('files of one seed', () => {
  test('columns in another order are put in the first one', async () => {
    await write({ '1.csv': 'a,b\n1,x\n', '2.csv': 'b,a\ny,2\n', '3.csv': 'a,b\n3,z' })
    expect(await read('?.csv')).toEqual({
      columns: [
        { name: 'a', type: 'int64' },
        { name: 'b', type: 'string' },
      ],
      size: 3,
      rows: [
        [1, 'x'],
        [2, 'y'],
        [3, 'z'],
      ],
    })
  })

  test('types are those of all files', async () => {
    await write({ '1.csv': 'a,b\n1,1\n', '2.csv': 'a,b\n2.5,two\n' })
    expect(await read('?.csv')).toMatchObject({
      columns: [{ type: 'float64' }, { type: 'string' }],
      rows: [
        [new Double(1), '1'],
        [2.5, 'two'],
      ],
    })
    await write({ '1.jsonl': '{"a": 1, "b": 1}\n', '2.jsonl': '{"a": 0.5, "b": "t"}\n' })
    expect(await read('?.jsonl')).toMatchObject({
      columns: [{ type: 'float64' }, { type: 'json' }],
      rows: [
        [new Double(1), 1],
        [0.5, 't'],
      ],
    })
  })

  test('keys that a JSON file does not have are null, as in one file', async () => {
    await write({ '1.json': '[{"a": 1}]', '2.json': '[{"b": 2}]' })
    expect(await read('?.json')).toMatchObject({
      columns: [{ name: 'a' }, { name: 'b' }],
      rows: [
        [1, null],
        [null, 2],
      ],
    })
  })

  test.each([
    ['b\n1\n', "2.csv: the file has no column 'a', which 1.csv has"],
    ['a,b\n1,2\n', "2.csv: the file has the column 'b', which 1.csv has not"],
    ['a\n1\n2,3\n', '2.csv: line 3 has 2 fields, and the header has 1 field'],
    ['a,a\n', "2.csv: the header names the column 'a' twice"],
    ['a\n"x', '2.csv: the quote that opens a field on line 2 is not closed'],
    [Buffer.from('a\n\xff\n', 'latin1'), '2.csv: the file is not UTF-8: byte 2'],
  ])('%j in the second is refused with its name', async (content, message) => {
    await write({ '1.csv': 'a\n1\n', '2.csv': content })
    await expect(open('?.csv')).rejects.toThrow(message)
  })

  test('the row of a file that is not an object is reported with the file', async () => {
    await write({ '1.jsonl': '{"a": 1}\n{"a": 2}\n', '2.jsonl': '{"a": 3}\n7\n' })
    await expect(open('?.jsonl')).rejects.toThrow('2.jsonl: row 2 (line 2) is a number')
  })

  test('empty ones add nothing, and no rows at all are refused', async () => {
    await write({ '0.csv': '', '1.csv': 'a\n1\n', '2.csv': 'a\n', '3.csv': '', '4.csv': 'a\n2\n' })
    expect(await valuesOf('?.csv')).toEqual([1, 2])
    await expect(open('[03].csv')).rejects.toThrow('all files are empty')
  })

  test('two formats are refused, and a file that has none', async () => {
    await write({ '1.csv': 'a\n1\n', '2.jsonl': '{"a": 2}\n', '3.md': '# no seed' })
    await expect(open('[12].*')).rejects.toThrow(
      '[12].* matches files of two formats: 1.csv and 2.jsonl',
    )
    await expect(open('[13].*')).rejects.toThrow(
      '3.md has the ending .md, which is not a seed format',
    )
  })

  test('Parquet files: columns by name, types in common, other columns refused', async () => {
    const parquet = (columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData']) =>
      new Uint8Array(parquetWriteBuffer({ columnData }))
    await write({
      '1.parquet': parquet([
        { name: 'a', data: [1, 2], type: 'INT32' },
        { name: 'b', data: ['x', 'y'], type: 'STRING' },
      ]),
      '2.parquet': parquet([
        { name: 'b', data: ['z'], type: 'STRING' },
        { name: 'a', data: [0.5], type: 'DOUBLE' },
      ]),
      '3.parquet': parquet([{ name: 'a', data: [1], type: 'INT32' }]),
    })
    expect(await read('[12].parquet')).toEqual({
      columns: [
        { name: 'a', type: 'float64' },
        { name: 'b', type: 'string' },
      ],
      size: 3,
      rows: [
        [new Double(1), 'x'],
        [new Double(2), 'y'],
        [0.5, 'z'],
      ],
    })
    await expect(open('*.parquet')).rejects.toThrow(
      "3.parquet: the file has no column 'b', which 1.parquet has",
    )
  })

  test('a thousand are read with few of them open', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, at) => String(at).padStart(4, '0'))
    await write(Object.fromEntries(numbers.map((at) => [`many/${at}.csv`, `n\n${at}x\n`])))
    expect(await valuesOf('many/*.csv')).toEqual(numbers.map((at) => `${at}x`))
  })
})

describe('identity', () => {
  async function identityOf(path: string): Promise<string> {
    return (await open(path)).identity
  }

  test('is the contents in order, whatever the files are called', async () => {
    await write({ '1.csv': fileOf('x'), '2.csv': fileOf('y') })
    const before = await identityOf('?.csv')
    await write({ 'moved/p.csv': fileOf('x'), 'moved/q.csv.gz': gzipSync(fileOf('y')) })
    expect(await identityOf('moved/*')).toBe(before)
    await write({ '1.csv': fileOf('y'), '2.csv': fileOf('x') })
    expect(await identityOf('?.csv')).not.toBe(before)
    expect(await identityOf('1.csv')).toBe(await identityOf('1*.csv'))
  })

  test('a stamp changes with a file, its time and the number of files', async () => {
    await write({ '1.csv': fileOf('x'), '2.csv': fileOf('y') })
    const seed = await open('?.csv')
    const again = async () => (await open('?.csv')).stamp
    expect(await again()).toBe(seed.stamp)
    expect(await seed.changed()).toBe(false)
    await utimes(join(scratch.folder, '2.csv'), 1, 1)
    expect(await again()).not.toBe(seed.stamp)
    expect(await seed.changed()).toBe(true)
    const touched = await open('?.csv')
    expect(touched.identity).toBe(seed.identity)
    await rm(join(scratch.folder, '1.csv'))
    expect(await touched.changed()).toBe(true)
    expect(await again()).not.toBe(touched.stamp)
  })

  test('a file that is replaced between two passes is refused', async () => {
    await write({ '1.csv': fileOf('x'), '2.csv': fileOf('y'), other: fileOf('z') })
    const seed = await open('?.csv')
    await rename(join(scratch.folder, 'other'), join(scratch.folder, '2.csv'))
    await expect(allRows(seed)).rejects.toThrow('2.csv: the file changed while the seed was read')
  })
})
