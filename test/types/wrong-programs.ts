import { custom, dataset, expression, llm, model, sampler, z } from '../../src/index.ts'

// Programs that must not compile, each with what the compiler says; test/typed.test.ts reads both.

const writer = model('writer', { provider: 'openai', model: 'gpt-4.1-mini' })
const products = dataset('products').column('product', sampler.category(['kettle', 'lamp']))

// error: 'prodct' is not a column before this one
products.column('text', llm.text({ model: writer, prompt: 'Describe a {{ prodct }}.' }))

// error: 'price' is not a column before this one
products.column(
  'text',
  llm.text({ model: writer, prompt: 'A {{ product | upper }} of {{ price }}' }),
)

// error: 'later' is not a column before this one
products
  .column('sum', expression('{{ later + 1 }}', 'int'))
  .column('later', sampler.poisson({ mean: 2 }))

// error: There is a column 'product' already
products.column('product', sampler.uuid())

// error: Property 'prodct' does not exist on type
products.column('text', llm.text({ model: writer, prompt: (row) => `Describe a ${row.prodct}.` }))

// error: 'hihg' does not exist in type
products.column('price', sampler.uniform({ low: 1, hihg: 2 }))

// error: Property 'high' is missing in type
products.column('price', sampler.uniform({ low: 1 }))

// error: Type '"prefect"' is not assignable to type
products.column('text', llm.text({ model: writer, prompt: 'Hello', with_trace: 'prefect' }))

// error: 'propmt' does not exist in type
products.column('text', llm.text({ model: writer, propmt: 'Hello', prompt: 'Hello' }))

// error: 'dropped' does not exist in type
products.column('id', sampler.uuid(), { dropped: true })

// error: Type '"nobody"' is not assignable to type '"product"'
products.constraint({ target_column: 'nobody', operator: 'lt', rhs: 3 })

// error: Type 'number' is not assignable to type 'string | Promise<string>'
products.column(
  'words',
  custom((row) => row.product.length),
)

// error: 'nobody' is not a column before this one
products.column('v', llm.embedding({ model: writer, target_column: 'nobody' }))

const reviews = products.column(
  'review',
  llm.structured({
    model: writer,
    schema: z.object({ stars: z.int(), text: z.string() }),
    prompt: 'Review a {{ product }}.',
  }),
)
for await (const row of await reviews.create({ rows: 2 })) {
  // error: Property 'start' does not exist on type
  row.review.start.toFixed()
  // error: Type 'number' is not assignable to type 'string'
  const text: string = row.review.stars
  // error: This comparison appears to be unintentional
  if (row.product === 'table') throw new Error(text)
}

// error: Property 'id' does not exist on type
for await (const row of await products.column('id', sampler.uuid(), { drop: true }).create()) row.id

// error: 'prodct' is not a column before this one
products.column(
  'code',
  llm.code({ model: writer, code_lang: 'python', prompt: 'Sell {{ prodct }}.' }),
)

// error: 'rewiew' is not a column before this one
reviews.column('t', llm.text({ model: writer, prompt: 'Sum up.', system_prompt: '{{ rewiew }}' }))

// error: 'review' is not a column before this one
products
  .column('summary', llm.text({ model: writer, prompt: 'Sum up {{ review.text }}' }))
  .column('review', llm.text({ model: writer, prompt: 'Review a {{ product }}.' }))

// error: Property 'later' does not exist on type
products
  .column('text', llm.text({ model: writer, prompt: (row) => `After ${row.later}` }))
  .column('later', sampler.uuid())

// error: 'prodct' is not a column before this one
products.column('part', sampler.subcategory({ category: 'prodct', values: { kettle: ['lid'] } }))

// error: Type 'string' is not assignable to type 'number'
products.column('price', sampler.uniform({ low: 1, high: '2' }))

// error: 'wieghts' does not exist in type
products.column('colour', sampler.category(['red', 'blue'], { wieghts: [1, 2] }))

// error: Property 'catgory' does not exist on type
products.column('colour', sampler.catgory(['red', 'blue']))

// error: Type '"integer"' is not assignable to type
products.column('price', sampler.uniform({ low: 1, high: 2 }, { convert_to: 'integer' }))

// error: Type 'number' is not assignable to type 'string'
products.column('text', llm.text({ model: writer, prompt: (row) => row.product.length }))

// error: Property 'toFixed' does not exist on type '"kettle" | "lamp"'
products.column('text', llm.text({ model: writer, prompt: (row) => row.product.toFixed() }))

// error: Property 'star' does not exist on type
reviews.column('text', llm.text({ model: writer, prompt: (row) => `Given ${row.review.star}` }))

// error: 'rowz' does not exist in type
await products.create({ rowz: 2 })

// error: Type 'string' is not assignable to type 'number'
await products.create({ rows: '2' })

// error: 'bufer_size' does not exist in type
await products.create({ rows: 2, runConfig: { bufer_size: 100 } })

// error: Type 'string' is not assignable to type 'number'
await products.create({ rows: 2, runConfig: { buffer_size: '100' } })

// error: Type 'string' is not assignable to type 'number'
await products.create({ runConfig: { request_admission: { cooldown_seconds: '1' } } })

// error: 'sed' does not exist in type
dataset('products', { sed: 7 })

// error: 'temprature' does not exist in type
model('warm', { provider: 'openai', model: 'm', inference_parameters: { temprature: 1 } })

const run = await reviews.create({ rows: 2 })
// error: Property 'reviews' does not exist on type
for await (const row of run) row.reviews.text.trim()
// error: Property 'start' does not exist on type
for (const row of await run.toArray()) row.review.start.toFixed()
