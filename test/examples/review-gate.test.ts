import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { copyExample } from '../support/example-run.ts'

interface Invoice {
  id: string
  total: number
  confidence: number
  decided_by: string
  booking: string
}

test('review-gate: a person corrects on a page, and only corrected rows are asked for again', async () => {
  await using example = await copyExample('review-gate')
  const first = await example.make<Invoice>({ words: ['--cache'] })
  expect(first.records).toHaveLength(10)
  expect(Object.fromEntries(first.requests)).toEqual({ reading: 10, booking: 10 })

  const screen = spawn(process.execPath, ['review.ts'], { cwd: example.path() })
  try {
    const [said] = (await once(screen.stdout, 'data')) as [Buffer]
    const address = said.toString().trim()
    const shown = async (): Promise<string[]> => {
      const page = await (await fetch(address)).text()
      return [...page.matchAll(/name="id" value="([^"]+)"/g)].map(([, id = '']) => id)
    }
    const ids = await shown()
    // The most uncertain ones, the least sure first.
    const sure = (id: string): number =>
      first.records.find((each) => each.id === id)?.confidence ?? 1
    expect(ids).toHaveLength(4)
    expect(ids[0]).toBe('INV-2')
    expect(ids.map(sure)).toEqual(ids.map(sure).toSorted((one, other) => one - other))
    const correct = async (id: string, total: string, by: string): Promise<number> => {
      const body = new URLSearchParams({ id, total, by })
      return (await fetch(address, { method: 'POST', body, redirect: 'manual' })).status
    }
    expect(await correct('INV-2', '47.60', 'Mira')).toBe(303)
    expect(await correct('INV-5', '210', 'Jo')).toBe(303)
    // Another line of the file, a row that is not shown, no number.
    expect(await correct('INV-3', '1', 'x\nINV-1,0,y,')).toBe(400)
    expect(await correct('INV-2', '1', 'Jo')).toBe(400)
    expect(await correct('INV-3', '', 'Jo')).toBe(400)
    expect(await shown()).not.toContain('INV-2')
  } finally {
    screen.kill()
  }

  const second = await example.make<Invoice>({ words: ['--cache', '--edit'] })
  // The requests of both sessions are in the file: those of two bookings came to it.
  expect(Object.fromEntries(second.requests)).toEqual({ reading: 10, booking: 12 })
  const changed = second.records.filter(({ decided_by: by }) => by !== 'model')
  expect(changed).toMatchObject([
    { id: 'INV-2', total: 47.6, decided_by: 'Mira', booking: 'Booked: 47.6' },
    { id: 'INV-5', total: 210, decided_by: 'Jo' },
  ])
  const others = (records: readonly Invoice[]): Invoice[] =>
    records.filter(({ id }) => id !== 'INV-2' && id !== 'INV-5')
  expect(others(second.records)).toEqual(others(first.records))
})
