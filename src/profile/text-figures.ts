import { countCharacters } from './hash.ts'
import { shortened } from './scalar.ts'
import { type DistinctWords, textPhrases, type SharedWords } from './text-phrases.ts'
import { type NearPair, textRepeats } from './text-repeats.ts'

/** What texts that models wrote have in common, of a column or of a field of its values. */
export interface TextFigures {
  column: string
  /** The place of the field, as `product.name` or `messages[].content`; null for the column itself. */
  field: string | null
  /** Texts that were compared: all, or of at most 10,000 records. */
  texts: number
  words: TextLengths
  characters: TextLengths
  /** Different texts. */
  distinct: number
  /** Texts that are the same as an earlier one. */
  exactRepeats: number
  /** Further texts that resemble an earlier one: they share 80 % of their stretches of five characters. */
  nearRepeats: number
  /** Some near-duplicates. */
  pairs: readonly NearPair[]
  /** The most frequent openings of four words. */
  openings: readonly SharedWords[]
  /** The phrases of five words that most texts have. */
  phrases: readonly SharedWords[]
  /** Share of different words, stretches of two and of three words. */
  distinctWords: DistinctWords
  /** The texts with their counts, most frequent first, cut after 120 characters; null for more than 20. */
  values: readonly { text: string; count: number }[] | null
  /** Whether the config lists what the texts can be: they are meant to repeat. */
  isListed: boolean
}

export interface TextLengths {
  min: number
  p5: number
  p50: number
  p95: number
  max: number
  mean: number
}

/** Some texts of a column, or of a field of its values. */
export interface SampledTexts extends Pick<TextFigures, 'column' | 'field' | 'isListed'> {
  texts: readonly string[]
}

/** Different texts up to which all are listed. */
const mostValues = 20

/** At least one text; the same ones give the same figures. */
export async function textFigures({
  column,
  field,
  isListed,
  texts,
}: SampledTexts): Promise<TextFigures> {
  const { distinct, exact, near, pairs } = await textRepeats(texts)
  const { words, openings, phrases, distinctWords } = await textPhrases(texts)
  return {
    column,
    field,
    texts: texts.length,
    words: lengthsOf(words),
    characters: lengthsOf(Float64Array.from(texts, countCharacters)),
    distinct,
    exactRepeats: exact,
    nearRepeats: near,
    pairs,
    openings,
    phrases,
    distinctWords,
    values: distinct > mostValues ? null : countsOf(texts),
    isListed,
  }
}

function countsOf(texts: readonly string[]): TextFigures['values'] {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts]
    .map(([text, count]) => ({ text: String(shortened(text)), count }))
    .sort((one, other) => other.count - one.count)
}

function lengthsOf(lengths: Float64Array): TextLengths {
  const sorted = lengths.toSorted()
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0
  return {
    min: at(0),
    p5: at(0.05),
    p50: at(0.5),
    p95: at(0.95),
    max: at(1),
    mean: sorted.reduce((sum, length) => sum + length, 0) / sorted.length,
  }
}

/** For people: the column, or the field of its values. */
export function textTitle({ column, field }: Pick<TextFigures, 'column' | 'field'>): string {
  return field === null ? column : `${column}.${field}`
}
