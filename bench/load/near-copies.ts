import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { createRandom } from '../../src/random/random.ts'

/** One in twenty is a near-copy of a text before it, with two of its sixty words replaced. */
const COPIES = 0.05
const WORDS = 60

/** Writes texts with planted near-copies as JSON lines: `text`, and `copy_of`, a row or null. */
export async function writeNearCopies(path: string, count: number): Promise<void> {
  const random = createRandom(1n, 'near-copies')
  const words = Array.from({ length: 20_000 }, (_, at) => wordOf(random.at(at)))
  const own: string[][] = []
  const rows: number[] = []
  const file = createWriteStream(path)
  for (let row = 0; row < count; row += 1) {
    random.at(1_000_000 + row)
    const pick = (): string => words[random.below(words.length)] ?? ''
    const isCopy = own.length > 0 && random.uniform() < COPIES
    const of = random.below(Math.max(1, own.length))
    const text = isCopy ? [...(own[of] ?? [])] : Array.from({ length: WORDS }, pick)
    if (isCopy) {
      for (let change = 0; change < 2; change += 1) text[random.below(WORDS)] = pick()
    } else {
      own.push(text)
      rows.push(row)
    }
    const line = JSON.stringify({
      text: text.join(' '),
      copy_of: isCopy ? (rows[of] ?? null) : null,
    })
    if (!file.write(`${line}\n`)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
}

function wordOf(random: { below(bound: number): number }): string {
  const length = 3 + random.below(7)
  return Array.from({ length }, () => String.fromCharCode(97 + random.below(26))).join('')
}
