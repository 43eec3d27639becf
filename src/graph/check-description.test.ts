import { expect, test } from 'vitest'
import { descriptionProblems, outputProblems } from './check-description.ts'

const good = { by: 'row', pure: true, output: 'string', references: [], routes: [] }

function told(problems: ReturnType<typeof descriptionProblems>): string[] {
  return problems.map(
    ({ expected, received, suggestion = '' }) =>
      `${expected}; got ${received}${/Did it mean .*/.exec(suggestion)?.[0] ?? ''}`,
  )
}

function problemsOf(fields: object | null): string[] {
  const description = fields === null ? undefined : { ...good, ...fields }
  return told(descriptionProblems(description, { path: [], who: 'x' }))
}

test('a description that the engine can use has no problem', () => {
  const route = { name: 'm', operation: 'chat', requests: 'one' }
  const side = { name: 's', output: 'vector(3)' }
  expect(problemsOf({ routes: [route], references: [{ name: 'a' }], sides: [side] })).toEqual([])
})

test('every mistake in a description is reported, with the nearest right word', () => {
  expect(problemsOf(null)).toEqual(['a description; got nothing'])
  expect(
    problemsOf({ by: 'rows', pure: 1, output: 'int65', references: undefined, routes: [null] }),
  ).toEqual([
    "'by' as one of row, cell, column; got 'rows'Did it mean 'row'?",
    "'pure' as true or false; got 1",
    expect.stringMatching(/^'output' as one of string, .*; got 'int65'Did it mean 'int64'\?$/),
    "a list 'references'; got nothing",
    "objects in 'routes'; got null",
  ])
  expect(problemsOf({ sides: [{ output: 'text' }] })).toEqual([
    "a 'name' of each column; got nothing",
    expect.stringMatching(/; got 'text'$/),
  ])
  expect(problemsOf({ routes: [{ name: 'm', operation: 'talk', requests: 'two' }] })).toEqual([
    "'operation' as one of chat, embed, image, validate, call; got 'talk'",
    "'requests' as one of one, many, shared; got 'two'",
  ])
  const subject = { path: [], who: 'x' }
  expect(told(outputProblems({ columns: [{ name: 'a', type: 'string' }] }, subject))).toEqual([])
  expect(told(outputProblems([], subject))).toEqual(["an object with 'columns'; got a list"])
})
