import { expect, test } from 'vitest'
import { columnsReadBy } from './source-names.ts'

const columns = ['product', 'price', 'note'] as const

interface Row {
  product: string
  price: number
  note: string
}

/** Uses a row as a whole. */
function whole(row: Row): string {
  return JSON.stringify(row)
}

test('a function waits for the columns that its source names', () => {
  expect(columnsReadBy((row: Row) => `A ${row.product}`, columns)).toEqual(['product'])
  expect(columnsReadBy((row: Row) => row?.price + row.product.length, columns)).toEqual([
    'product',
    'price',
  ])
  expect(columnsReadBy(({ note }: Row) => note, columns)).toEqual(['note'])
  const methods = new Map(
    Object.entries({
      prompt(row: Row) {
        return row.product
      },
    }),
  )
  for (const method of methods.values()) expect(columnsReadBy(method, columns)).toEqual(['product'])
})

test('a function that hands its row on, or names nothing, waits for all of them', () => {
  const all = [...columns]
  expect(columnsReadBy((row: Row) => row.product + whole(row), columns)).toEqual(all)
  expect(columnsReadBy((row: Row) => ({ ...row, product: 1 }), columns)).toEqual(all)
  expect(columnsReadBy((row: Row) => row['price'], columns)).toEqual(all)
  expect(columnsReadBy(({ product, ...rest }: Row) => [product, rest], columns)).toEqual(all)
  expect(columnsReadBy(() => 'always', columns)).toEqual(all)
  const methods = Object.values({
    prompt(row: Row) {
      return row.product + whole(row)
    },
  })
  for (const method of methods) expect(columnsReadBy(method, columns)).toEqual(all)
})
