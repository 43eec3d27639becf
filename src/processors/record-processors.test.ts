import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Passed, passed } from '../../test/support/pass-case.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { Cell, Value } from '../util/value.ts'
import { passRecord, readPassRecord } from './pass-counts.ts'

const numbers = (count: number): Cell[][] =>
  Array.from({ length: count }, (_, n) => [n, `t${n % 4}`])
const twoColumns: RecordColumn[] = [
  { name: 'n', type: 'int64' },
  { name: 't', type: 'string' },
]

describe('sample', () => {
  test('of a count is exact, of a fraction stays when rows are added', async () => {
    const exact = await passed(
      [{ processor_type: 'sample', count: 123 }],
      twoColumns,
      numbers(1_000),
    )
    expect(exact.rows).toHaveLength(123)
    expect(exact.rows).toEqual(exact.rows.toSorted((one, other) => one - other))
    expect(exact.counts).toEqual([{ processor: 'p0', what: 'records not sampled', times: 877 }])
    const all = await passed([{ processor_type: 'sample', count: 99 }], twoColumns, numbers(9))
    expect(all.rows).toHaveLength(9)

    const how = [{ processor_type: 'sample', fraction: 0.3 }]
    const few = await passed(how, twoColumns, numbers(500))
    const many = await passed(how, twoColumns, numbers(2_000))
    expect(many.rows.filter((row) => row < 500)).toEqual(few.rows)
    expect(Math.abs(many.rows.length - 600)).toBeLessThan(90)
  })

  test('needs a fraction or a count', async () => {
    await expect(passed([{ processor_type: 'sample' }], twoColumns, [])).rejects.toThrow(
      'needs a fraction or a count',
    )
    const both = { processor_type: 'sample', count: 1, fraction: 0.5 }
    await expect(passed([both], twoColumns, [])).rejects.toThrow('not both')
  })
})

test('shuffle keeps every record with its row, in another order, also after a sample', async () => {
  const shuffled = await passed([{ processor_type: 'shuffle' }], twoColumns, numbers(3_000))
  expect(shuffled.records.map(([n]) => n)).toEqual(shuffled.rows)
  expect(shuffled.rows.toSorted((one, other) => one - other)).toEqual([...numbers(3_000).keys()])
  const stayed = shuffled.rows.filter((row, at) => row === at)
  expect(stayed.length).toBeLessThan(10)
  const chain = [
    { processor_type: 'sample', count: 50 },
    { processor_type: 'shuffle' },
    { processor_type: 'sample', count: 20 },
  ]
  const chained = await passed(chain, twoColumns, numbers(300))
  expect(new Set(chained.rows).size).toBe(20)
  // Records are read again for a processor behind; nothing is counted twice.
  expect(chained.counts.map(({ times }) => times)).toEqual([250, 30])
})

describe('split', () => {
  const shareOf = ({ records }: Passed, part: string): number =>
    records.filter((record) => record.at(-1) === part).length / records.length

  test('by rows has about its shares, and more rows leave records where they are', async () => {
    const few = await passed([{ processor_type: 'split' }], twoColumns, numbers(500))
    const many = await passed([{ processor_type: 'split' }], twoColumns, numbers(4_000))
    expect(many.records.slice(0, 500)).toEqual(few.records)
    expect(shareOf(many, 'train')).toBeCloseTo(0.8, 1)
    expect(shareOf(many, 'test')).toBeCloseTo(0.1, 1)
    expect(many.names).toEqual(['n', 't', 'split'])
  })

  test('by groups keeps them together', async () => {
    const how = { processor_type: 'split', group_by: ['t'], parts: { a: 1, b: 1 } }
    const columns = [...twoColumns]
    const records = Array.from({ length: 2_000 }, (_, n): Cell[] => [n, `group ${n % 200}`])
    const made = await passed([how], columns, records)
    const parts = new Map<Cell, Set<Cell>>()
    for (const [, group, part] of made.records) {
      parts.set(group ?? null, (parts.get(group ?? null) ?? new Set()).add(part ?? null))
    }
    expect([...parts.values()].every(({ size }) => size === 1)).toBe(true)
    expect(Math.abs(shareOf(made, 'a') - 0.5)).toBeLessThan(0.15)
  })

  test('by strata is exact in each, and over many small ones', async () => {
    const how = { processor_type: 'split', stratify_by: ['t'], parts: { a: 3, b: 1 } }
    const made = await passed([how], twoColumns, numbers(400))
    for (const t of ['t0', 't1', 't2', 't3']) {
      const own = made.records.filter((record) => record[1] === t)
      expect(own.filter((record) => record.at(-1) === 'a')).toHaveLength(75)
    }
    const single = Array.from({ length: 1_000 }, (_, n): Cell[] => [n, `own ${n}`])
    const small = await passed([how], twoColumns, single)
    expect(Math.abs(shareOf(small, 'a') - 0.75)).toBeLessThan(0.06)
  })

  test.each([
    [{ parts: { a: 0 } }, 'add up to nothing'],
    [{ group_by: ['t'], stratify_by: ['n'] }, 'not both'],
    [{ column: 't' }, "adds a column 't'"],
    [{ group_by: ['u'] }, "'u' matches no column"],
    [{ group_by: ['*'] }, "'*' matches no column"],
    [{ stratify_by: ['t*'] }, "'t*' matches no column"],
    [{ parts: { '': 1, a: 1 } }, 'A part of a split has no name'],
  ])('refuses %o', async (fields, message) => {
    await expect(passed([{ processor_type: 'split', ...fields }], twoColumns, [])).rejects.toThrow(
      message,
    )
  })
})

test('rename keeps places, and two may change names', async () => {
  const how = { processor_type: 'rename', columns: { n: 't', t: 'n' } }
  const made = await passed([how], twoColumns, numbers(2))
  expect([made.names, made.records]).toEqual([['t', 'n'], numbers(2)])
  const wrong = { processor_type: 'rename', columns: { m: 'x' } }
  await expect(passed([wrong], twoColumns, [])).rejects.toThrow("'m' matches no column")
})

describe('redact', () => {
  const one: RecordColumn[] = [{ name: 'a', type: 'string' }]
  const redacted = async (value: string, fields: object = {}): Promise<Cell> =>
    (await passed([{ processor_type: 'redact', ...fields }], one, [[value]])).records[0]?.[0] ??
    null

  test.each([
    ['mail ada.lovelace+x@mail.example.co.uk!', 'mail [EMAIL]!'],
    ['jörg@müller.de, x@y', '[EMAIL], x@y'],
    ['card 4111 1111 1111 1111 ok', 'card [CREDIT_CARD] ok'],
    ['card 4111 1111 1111 1112 no', 'card 4111 1111 1111 1112 no'],
    ['5500-0000-0000-0004.', '[CREDIT_CARD].'],
    ['378282246310005', '[CREDIT_CARD]'],
    ['IBAN DE89 3704 0044 0532 0130 00 thanks', 'IBAN [IBAN] thanks'],
    ['gb82west12345698765432', '[IBAN]'],
    ['DE88 3704 0044 0532 0130 00', 'DE88 3704 0044 0532 0130 00'],
    ['call +49 (30) 901820-12 now', 'call [PHONE] now'],
    ['(212) 555-0187 or 1-212-555-0187', '[PHONE] or [PHONE]'],
    ['Tel. 030/9018 20, 0170 1234567', 'Tel. [PHONE], [PHONE]'],
    [
      'on 2024-01-31 at 10:30, 192.168.10.12, 3.14159265, 1234567',
      'on 2024-01-31 at 10:30, 192.168.10.12, 3.14159265, 1234567',
    ],
    ['01/02/2024 and 12345678901', '01/02/2024 and 12345678901'],
    [`key AKIA${'A'.repeat(16)}`, 'key [SECRET]'],
    [`ghp_${'a1'.repeat(18)}, sk-proj-${'Ab9_'.repeat(8)}`, '[SECRET], [SECRET]'],
    [`Authorization: Bearer ${'abc123'.repeat(5)}==`, 'Authorization: Bearer [SECRET]'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nx', '[SECRET]\nx'],
    ['https://ada@example.org/path', 'https://[EMAIL]/path'],
  ])('%s', async (text, expected) => {
    expect(await redacted(text)).toBe(expected)
  })

  test('what overlaps goes as one, so nothing that was found stays', async () => {
    const patterns = { customer: 'Customer: .*', tail: 'org and .*$' }
    expect(await redacted('Customer: Ada, ada@example.org', { patterns })).toBe('[CUSTOMER]')
    expect(await redacted('ada@example.org and more', { patterns })).toBe('[EMAIL]')
    const both = { patterns: { one: 'abc', two: 'cde' } }
    expect(await redacted('xabcdex abc cde', both)).toBe('x[ONE]x [ONE] [TWO]')
  })

  test.each([
    [{ patterns: { email: 'x' } }, "A pattern is named 'email', like a built-in kind"],
    [{ patterns: { '': 'x' } }, 'A pattern has no name'],
  ])('refuses %j', async (fields, message) => {
    await expect(redacted('', fields)).rejects.toThrow(message)
  })

  test('a pattern may stand for a kind that is not looked for', async () => {
    const how = { kinds: ['phone'], patterns: { email: '\\S+@home' } }
    expect(await redacted('ada@home ada@example.org', how)).toBe('[EMAIL] ada@example.org')
  })

  test('replacement forms', async () => {
    const text = 'to ada@example.org'
    expect(await redacted(text, { replace_with: 'remove' })).toBe('to ')
    expect(await redacted(text, { replace_with: 'mask' })).toBe('to ***@******e.org')
    const hashed = await redacted(`${text} and ada@example.org`, { replace_with: 'hash' })
    expect(hashed).toMatch(/^to \[EMAIL:([0-9a-f]{10})\] and \[EMAIL:\1\]$/)
  })

  test('own patterns, which can not hang', async () => {
    const how = { kinds: [], patterns: { order: String.raw`\bA-\d{4}\b`, evil: '(a+)+$' } }
    expect(await redacted('order A-1042.', how)).toBe('order [ORDER].')
    expect(await redacted(`${'a'.repeat(40_000)}!`, how)).toHaveLength(40_001)
    await expect(redacted('', { patterns: { look: '(?=a)b' } })).rejects.toThrow(
      "The pattern 'look' can't be read",
    )
  })

  test('hostile texts cost time in proportion', async () => {
    const hostile = [
      'a',
      'a.',
      '1 ',
      '+1',
      'DE89',
      'a@',
      'a@a.',
      '-----BEGIN PRIVATE KEY-----',
      '4 ',
    ]
    for (const piece of hostile) {
      const started = performance.now()
      await redacted(piece.repeat(60_000 / piece.length))
      // A pattern that tries everything would take years; a busy machine takes seconds.
      expect(performance.now() - started, piece).toBeLessThan(30_000)
    }
  })

  test('inside of structured values, counted by column and kind', async () => {
    const columns: RecordColumn[] = [
      { name: 'chat', type: 'json' },
      { name: 'n', type: 'int64' },
      { name: 'note', type: 'string' },
    ]
    const chat = [new Map<string, Cell & string>([['content', 'ada@example.org, bob@example.org']])]
    const records: Cell[][] = [
      [chat, 4111111111111111, 'ada@example.org'],
      [null, null, null],
    ]
    const made = await passed([{ processor_type: 'redact' }], columns, records)
    expect(made.records).toEqual([
      [[new Map([['content', '[EMAIL], [EMAIL]']])], 4111111111111111, '[EMAIL]'],
      [null, null, null],
    ])
    expect(made.counts).toEqual([
      { processor: 'p0', what: 'email in chat', times: 2 },
      { processor: 'p0', what: 'email in note', times: 1 },
    ])
    const wrong = { processor_type: 'redact', columns: ['n', 'nota'] }
    await expect(passed([wrong], columns, [])).rejects.toThrow(
      "'nota' matches no column; 'n' has no texts to redact: it is of type int64",
    )
  })
})

describe('whatever the records are', () => {
  const columns: RecordColumn[] = [
    { name: 't', type: 'string' },
    { name: 'n', type: 'int64' },
    { name: 'f', type: 'float64' },
    { name: 'b', type: 'bool' },
    { name: 'j', type: 'json' },
    { name: 'v', type: 'vector' },
    { name: '__proto__', type: 'string' },
  ]
  const nothing: Cell[] = columns.map(() => null)
  const nested = new Map<string, Value>([['__proto__', [new Map(), [[]]]]])
  const full: Cell[] = ['a\u0000 ada@example.org', 1, 0.5, true, nested, Float32Array.of(1, 2), '']
  const odd: Cell[][] = [
    nothing,
    ['', 0, Number.NaN, false, new Map(), Float32Array.of(0), 'x'],
    ['a\ud800b', 2n ** 63n - 1n, -Infinity, true, [], Float32Array.of(3e38, 3e38), 'e\u0301'],
    ['a\ud801b', -0, -0, null, 'text', Float32Array.of(1e-40, 1e-40), 'é'],
    full,
    ['👩‍👧 '.repeat(3_000), 1, 5e-324, true, [null, 'x@y.org'], null, '\u202Ex@y.org'],
  ]
  const steps: Record<string, object> = {
    exact: { processor_type: 'dedupe', duplicates: 'mark' },
    near: {
      processor_type: 'dedupe',
      method: 'near',
      columns: ['t', '__proto__'],
      duplicates: 'mark',
      column: 'near_of',
    },
    semantic: {
      processor_type: 'dedupe',
      method: 'semantic',
      columns: ['v'],
      duplicates: 'mark',
      column: 'like',
    },
    redact: { processor_type: 'redact', replace_with: 'hash', patterns: { any: '(?s).*' } },
    groups: { processor_type: 'split', group_by: ['j', 'f', 'v', 'n'], column: 'group' },
    strata: { processor_type: 'split', stratify_by: ['b', 'j'], parts: { a: 5e-324, b: 0 } },
    shuffle: { processor_type: 'shuffle' },
    sample: { processor_type: 'sample', count: 10 ** 15 },
    rename: { processor_type: 'rename', columns: { t: '__proto__', ['__proto__']: 't' } },
  }
  test.each([
    ['none', []],
    ['one', [full]],
    ['one of nulls', [nothing]],
    ['equal ones', Array.from({ length: 250 }, () => full)],
    ['equal nulls', Array.from({ length: 250 }, () => nothing)],
    ['odd ones', odd],
  ])('%s', async (_what, records) => {
    const how = Object.values(steps)
    const made = await passed(how, columns, records)
    expect(made.rows.toSorted((one, other) => one - other)).toEqual([...records.keys()])
    expect(made).toEqual(await passed(how, columns, records))
    for (const step of how) {
      expect((await passed([step], columns, records)).rows).toHaveLength(records.length)
    }
    const few = [{ processor_type: 'sample', count: 0 }, ...how]
    expect((await passed(few, columns, records)).records).toEqual([])
  })

  test('equal ones have one original, nulls are equal, and a lone surrogate is itself', async () => {
    const originals = async (step: object, records: readonly Cell[][]): Promise<Cell[]> =>
      (await passed([step], columns, records)).records.map((record) => record.at(-1) ?? null)
    const { exact = {}, near = {}, semantic = {} } = steps
    expect(await originals(exact, [full, nothing, full, nothing])).toEqual([null, null, 0, 1])
    expect(await originals(near, [full, nothing, full, nothing])).toEqual([null, null, 0, null])
    expect(await originals(semantic, [full, nothing, full, nothing])).toEqual([null, null, 0, null])
    const texts = { ...exact, columns: ['t'] }
    expect(await originals(texts, odd)).toEqual(odd.map(() => null))
  })
})

test('what was counted is read back in addition to titles of any characters', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string(), { maxLength: 3 }), (title, whats) => {
      const counts = whats.map((what) => ({ processor: title, what, times: 3 }))
      const identity = `${title} ${'0'.repeat(64)}`
      expect(readPassRecord(passRecord(identity, counts))).toEqual({
        identity,
        titles: title,
        counts,
      })
    }),
    { numRuns: 300 },
  )
})
