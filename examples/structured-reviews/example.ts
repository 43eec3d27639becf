import { dataset, expression, llm, model, sampler, z } from 'rowsmith'

/*
 * The dataset of config.yaml, shortened, in TypeScript: the compiler knows the columns' names and the
 * types of their values, in templates too. Needs OPENAI_API_KEY:
 *
 *   node --env-file=.env example.ts
 */

const writer = model('writer', { provider: 'openai', model: 'gpt-4.1-mini' })

const reviews = dataset('reviews', { seed: 7 })
  .column('stars', sampler.category([1, 2, 3, 4, 5]))
  .column('kind', sampler.category(['kitchen scale', 'hiking pole', 'desk fan']))
  .column(
    'product',
    llm.structured({
      model: writer,
      prompt: 'Invent a {{ kind }} that a shop could sell, with a price in dollars.',
      schema: z.object({ name: z.string().max(60), price: z.number().min(10).max(1000) }),
    }),
  )
  .column(
    'review',
    llm.structured({
      model: writer,
      // A prompt may be a function of the row; its source belongs to the column, as a template does.
      prompt: ({ kind, product, stars }) =>
        `You are a customer, 40. Review the ${kind} "${product.name}" with ${stars} of 5 stars.`,
      schema: z.object({
        mood: z.enum(['delighted', 'content', 'indifferent', 'annoyed', 'furious']),
        text: z.string().max(800),
      }),
    }),
  )
  .column(
    'complaint',
    llm.structured({
      model: writer,
      prompt: 'What does this customer complain about, and what would help?\n\n{{ review.text }}',
      schema: z.object({
        cause: z.enum(['quality', 'price', 'delivery', 'other']),
        wish: z.string(),
      }),
    }),
    { skip: { when: '{{ stars > 2 }}' } },
  )
  .column('dear', expression('{{ product.price > 500 }}', 'bool'))

// Without a key: node example.ts --scripted
const scripted = process.argv.includes('--scripted')
  ? { plugins: ['./scripted.ts'], providersFile: '../scripted.yaml' }
  : {}

await using run = await reviews.create({ rows: 20, ...scripted })
const causes = new Map<string, number>()
for await (const { complaint } of run) {
  // Null where it was skipped: the compiler insists on the question.
  if (complaint === null) continue
  causes.set(complaint.cause, (causes.get(complaint.cause) ?? 0) + 1)
}
for (const [cause, count] of causes) console.log(`${count} complaints about ${cause}`)
