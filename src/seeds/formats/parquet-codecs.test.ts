import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { Double } from '../../util/value.ts'
import { allRows, createScratch } from '../scratch.ts'

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url))
const files = readdirSync(fixtures)
  .filter((name) => name.endsWith('.parquet'))
  .sort()

describe('files of other writers', () => {
  test.each(files)('%s', async (name) => {
    await using scratch = await createScratch()
    const seed = await scratch.open(name, readFileSync(fixtures + name))
    expect(seed.columns).toEqual([
      { name: 'id', type: 'int64' },
      { name: 'text', type: 'string' },
      { name: 'x', type: 'float64' },
    ])
    const expected = Array.from({ length: 300 }, (_, id) => [
      id,
      `row ${id} `.repeat(id % 7),
      id % 5 === 0 ? null : id % 4 === 0 ? new Double(id / 4) : id / 4,
    ])
    expect(await allRows(seed)).toEqual(expected)
  })

  test('they have every codec that is read', () => {
    const codecs = files.map((name) => {
      const bytes = readFileSync(fixtures + name)
      const metadata = parquetMetadata(new Uint8Array(bytes).buffer)
      return metadata.row_groups[0]?.columns[0]?.meta_data?.codec
    })
    expect(codecs.filter((codec, at) => codecs.indexOf(codec) === at)).toEqual([
      'BROTLI',
      'GZIP',
      'LZ4_RAW',
      'SNAPPY',
      'UNCOMPRESSED',
      'ZSTD',
    ])
  })
})
