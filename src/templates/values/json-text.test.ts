import { expect, test } from 'vitest'
import { Double, type Value } from '../../util/value.ts'
import { parseTemplate } from '../parse-template.ts'

function render(source: string, values: Record<string, Value>): string {
  return parseTemplate(source).render(new Map(Object.entries(values)))
}

const answer = ' {"score": 3, "why": {"short": "good"}, "upper": "key", "weight": 2.0} '

test.each([
  ['{{ a.score }}', '3'],
  ["{{ a['why'].short }}", 'good'],
  ['{{ a.weight }}', '2.0'],
  ['{{ a.missing }}', ''],
  ['{% if a.missing is defined %}x{% else %}none{% endif %}', 'none'],
  ['{{ a }}', answer],
  // A method of texts comes first, as for an object it does.
  ['{{ a.upper() | length }}', String(answer.length)],
  ['{{ a | length }}', String(answer.length)],
  ["{{ (a | fromjson)['upper'] }}", 'key'],
])('a text that is a JSON object prints as it is and is read through: %s', (source, expected) => {
  expect(render(source, { a: answer })).toBe(expected)
})

test.each(['{"score": 3', 'score', '["score"]', '3', ''])('%s has no parts', (text) => {
  expect(render('<{{ a.score }}>', { a: text })).toBe('<>')
})

test.each<[Value, string]>([
  ['["a", 1, null]', "['a', 1, None]"],
  ['3.0', '3.0'],
  ['true', 'True'],
  ['12345678901234567890', '12345678901234567890'],
  [null, 'None'],
  [['a'], "['a']"],
])('fromjson makes a value: %s', (value, expected) => {
  expect(render('{{ a | fromjson }}', { a: value })).toBe(expected)
})

test('fromjson says where a text stops being JSON, and what it can not take', () => {
  expect(() => render('{{ a | fromjson }}', { a: '{"b": }' })).toThrow(
    /"fromjson" got a text that is not JSON: .*line 1, column 7/,
  )
  expect(() => render('{{ a | fromjson }}', { a: new Double(3) })).toThrow(/needs a text/)
})

test('nothing in a text gets around the limits', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  expect(() => render('{{ a | fromjson }}', { a: deep })).toThrow(/fromjson/)
  expect(render('<{{ a.b }}>', { a: deep })).toBe('<>')
  const wide = `{"b": ${JSON.stringify('x'.repeat(2 ** 20))}}`
  expect(() =>
    render('{% for i in range(100000) %}{{ a.b | length }}{% endfor %}', { a: wide }),
  ).toThrow(/steps/)
})

test('a prototype is out of reach here, too', () => {
  expect(render('<{{ a.__proto__ }}{{ a.constructor }}>', { a: '{}' })).toBe('<>')
  expect(render('{{ a.__proto__ }}', { a: '{"__proto__": "own"}' })).toBe('own')
})
