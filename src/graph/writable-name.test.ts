import { expect, test } from 'vitest'
import { column, problemsOf, seedOf } from '../../test/support/compile-case.ts'
import { isWritable, meantName } from './writable-name.ts'

function seedNamed(...names: string[]): ReturnType<typeof seedOf> {
  return seedOf(Object.fromEntries(names.map((name) => [name, 'string' as const])))
}

test('names that a template can write', () => {
  for (const name of ['a', '_a1', 'straße', 'range', '名前', 'Product_Name']) {
    expect([name, isWritable(name)]).toEqual([name, true])
  }
  for (const name of ['Product Name', 'unit-price', 'a.b', '2024', 'not', 'None', 'a\n', '']) {
    expect([name, isWritable(name)]).toEqual([name, false])
  }
})

test('a name that no template can write is not what was meant: it is to be renamed', () => {
  const names = ['Product Name', 'Price (USD)', 'unit-price', 'size', '2024 total']
  expect(meantName('sise', names)).toBe("Did you mean 'size'?")
  expect(meantName('product_name', names)).toBe(
    "A template can't write the name of the column 'Product Name': rename it where it is defined (in the config or in the seed's file), for example to Product_Name.",
  )
  expect(meantName('Price', names)).toContain("'Price (USD)': rename")
  expect(meantName('Price', names)).toContain('for example to Price_USD.')
  expect(meantName('unit', names)).toContain('for example to unit_price.')
  expect(meantName('total_2024', ['2024 total'])).toBeUndefined()
  expect(meantName('nothing', names)).toBeUndefined()
})

test.each([
  ['{{ Product Name }}', 'Product_Name'],
  ['{{ Price (USD) }}', 'Price_USD'],
  ['{{ unit-price }}', 'unit_price'],
  ['{{ 2024 total }}', 'c_2024_total'],
  ['{{ not }}', 'not_'],
  ['{{ product name }}', 'Product_Name'],
])('%s is reported with the way out', (template, example) => {
  const seed = seedNamed('Product Name', 'Price (USD)', 'unit-price', '2024 total', 'not')
  const problems = problemsOf([column('line', template)], { seed })
  expect(problems.some((problem) => problem.includes(`for example to ${example}.`))).toBe(true)
  expect(problems.join()).not.toContain('Did you mean')
})

test('a template that is wrong in another way gets no such hint', () => {
  const seed = seedNamed('Product Name')
  expect(problemsOf([column('line', 'a Product Name: {{ ')], { seed }).join()).toContain('rename')
  expect(problemsOf([column('line', '{{ size size }}')], { seed }).join()).not.toContain('rename')
})
