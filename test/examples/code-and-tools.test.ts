import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { isolation } from '../../src/validators/isolation.ts'
import { copyExample, countsOf } from '../support/example-run.ts'

// Where namespaces are impossible, nothing is run at all.
const isIsolated = 'way' in (await isolation())

interface Exercise {
  tests: string
  solution: string
  lint: { is_valid: boolean }
  ran: { is_valid: boolean; outcome: string }
  quality: object | null
}

test.skipIf(!isIsolated)('python-exercises: code was run with tests of its own', async () => {
  await using example = await copyExample('python-exercises')
  const { records, requests } = await example.make<Exercise>({ rows: 10 })
  expect(records).toHaveLength(10)
  // Tests are generated for each exercise.
  expect(new Set(records.map(({ tests }) => tests)).size).toBeGreaterThan(7)
  const outcomeOf = (part: string) =>
    new Set(records.filter(({ solution }) => solution.includes(part)).map(({ ran }) => ran.outcome))
  expect(outcomeOf('if number > 0')).toEqual(new Set(['passed']))
  expect(outcomeOf('return sum(numbers)')).toEqual(new Set(['failed']))
  // No file of this machine is in the sandbox.
  expect(outcomeOf('/etc/shadow').has('passed')).toBe(false)
  const unparsable = records.filter(({ solution }) =>
    solution.includes('(numbers)\n    return numbers'),
  )
  expect(unparsable.map(({ lint, ran }) => lint.is_valid || ran.is_valid)).not.toContain(true)
  // pass@1: every exercise has one solution, and only those that pass are judged.
  const passed = records.filter(({ ran }) => ran.is_valid)
  expect(passed.length).toBeGreaterThan(1)
  expect(passed.length).toBeLessThan(10)
  expect(records.filter(({ quality }) => quality !== null)).toHaveLength(passed.length)
  expect(requests.get('quality')).toBe(passed.length)
})

interface Query {
  schema: string
  query: string
  database: { distractor: string }
  relevance: number
}

test.skipIf(!isIsolated)(
  'text-to-sql: exactly as many queries as wanted, which all run',
  async () => {
    await using example = await copyExample('text-to-sql')
    const { result, records } = await example.make<Query>({ rows: 5 })
    expect(records).toHaveLength(5)
    expect(result.rows.rejected).toBeGreaterThan(0)
    for (const { schema, query, database, relevance } of records) {
      using tables = new DatabaseSync(':memory:')
      tables.exec(schema)
      tables.exec(`DROP TABLE ${database.distractor}`)
      expect(tables.prepare(query).all().length).toBeGreaterThan(0)
      expect(relevance).toBeGreaterThanOrEqual(3)
    }
  },
)

interface Message {
  role: string
  content: string
}

/** What is wrong with conversations: their length, their turns, who speaks first and last. */
function faultsOf(
  conversations: readonly { turns: number; messages: readonly Message[] }[],
): string[] {
  return conversations.flatMap(({ turns, messages }) => [
    ...(messages.length === turns ? [] : [`${messages.length} messages, not ${turns}`]),
    ...messages.flatMap(({ role }, at) =>
      role === (at % 2 === 0 ? 'user' : 'assistant') ? [] : [`message ${at} is of the ${role}`],
    ),
    ...(messages.at(-1)?.role === 'assistant' ? [] : ['the assistant has not the last word']),
  ])
}

test('conversations: exact length, turns taken, the assistant last', async () => {
  await using example = await copyExample('conversations')
  const one = await example.make<{ turns: number; conversation: { messages: Message[] } }>()
  expect(one.records.length).toBeGreaterThan(20)
  expect(one.result.rows.rejected).toBeGreaterThan(0)
  const written = one.records.map(({ turns, conversation }) => ({ turns, ...conversation }))
  expect(faultsOf(written)).toEqual([])
  expect(Object.keys(countsOf(written, ({ turns }) => String(turns)))).toEqual(['2', '4', '6', '8'])

  const two = await example.make<{ turns: number; messages: Message[] }>({
    config: 'two-models',
    rows: 20,
  })
  expect(two.records).toHaveLength(20)
  expect(faultsOf(two.records)).toEqual([])
  const messages = two.records.flatMap((record) => record.messages)
  expect(two.requests.get('messages')).toBe(messages.length)
  // Each side answers what the other one said last, and sees all of it.
  expect(messages.filter(({ content }) => !/^(Question|Answer) [1-4]$/.test(content))).toEqual([])
  expect(two.records[0]?.messages.slice(0, 2).map(({ content }) => content)).toEqual([
    'Question 1',
    'Answer 1',
  ])
})

interface ToolAnswers {
  a: number
  b: number
  metal: string
  fact: string
  fact__trace: TraceMessage[]
  sum: string
  sum__trace: TraceMessage[]
}

interface TraceMessage {
  role: string
  content: { text?: string }[]
  tool_calls?: { function: { name: string; arguments: string } }[]
}

test('tool-use: answers come from tools, and wrong arguments cost no row', async () => {
  await using example = await copyExample('tool-use')
  const { result, records } = await example.make<ToolAnswers>()
  expect(result.rows).toMatchObject({ dropped: 0 })
  // Answers from memory were wrong, and no tool supports them.
  expect(result.rows.rejected).toBeGreaterThan(0)
  expect(records.length + result.rows.rejected).toBe(30)
  const resultsOf = (trace: TraceMessage[]): string[] =>
    trace.filter(({ role }) => role === 'tool').map(({ content }) => content[0]?.text ?? '')
  for (const { a, b, sum, sum__trace: sums, metal, fact, fact__trace: facts } of records) {
    expect(sum).toBe(String(a + b))
    expect(resultsOf(sums)).toContain(sum)
    expect(resultsOf(facts)).toContain(fact)
    expect(fact.toLowerCase()).toContain(metal)
    // The order of the calls is in the trace.
    const calls = facts.flatMap(({ tool_calls: made = [] }) =>
      made.map((call) => call.function.name),
    )
    expect(calls).toEqual(['list_topics', 'look_up', 'look_up'])
  }
  const wrong = records.filter(({ sum__trace: trace }) => resultsOf(trace).length > 1)
  const said = new Set(wrong.map(({ sum__trace: trace }) => resultsOf(trace)[0]))
  expect(said).toContain('a and b must be numbers')
  expect(said.size).toBeGreaterThan(1)
})
