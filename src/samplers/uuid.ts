import { z } from 'zod'
import { flag, text } from '../config/scalars.ts'
import { createPermutation } from '../random/permutation.ts'
import type { Random } from '../random/random.ts'
import { defineSampler } from './define.ts'

const shortForms = 2 ** 32

/**
 * A version 4 UUID as 32 hex digits without hyphens, or 8 digits for the short form.
 *
 * Short forms permute the row's number, so they are unique in the first 2^32 rows of a column and
 * repeat after that; long ones are 122 random bits.
 */
export const uuid = defineSampler({
  kind: 'uuid',
  params: z
    .strictObject({
      prefix: text().nullable().default(null).describe('A prefix of the text.'),
      short_form: flag().default(false).describe('8 digits instead of 32.'),
      uppercase: flag().default(false).describe('Digits in upper case.'),
    })
    .describe('An identifier of 32 hex digits.'),
  converts: 'nothing',
  sampleType: () => 'string',
  distribution: () => ({ shape: 'unique', label: 'uuid' }),
  prepare({ prefix, short_form, uppercase }, context) {
    const before = prefix ?? ''
    const cased = (digits: string) => before + (uppercase ? digits.toUpperCase() : digits)
    if (!short_form) return (random) => cased(longForm(random))
    const permutation = createPermutation(context.permutationSeed(), 'short-form', shortForms)
    return (_, row) => cased(hex(permutation(row.index % shortForms)))
  },
})

function longForm(random: Random): string {
  const first = random.bits()
  const versioned = ((random.bits() & 0xffff_0fff) | 0x4000) >>> 0
  const variant = ((random.bits() & 0x3fff_ffff) | 0x8000_0000) >>> 0
  return hex(first) + hex(versioned) + hex(variant) + hex(random.bits())
}

// Look-ups are several times faster than toString and padStart.
const byteDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function hex(word: number): string {
  const [b0, b1, b2, b3] = [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]
  return `${byteDigits[b0]}${byteDigits[b1]}${byteDigits[b2]}${byteDigits[b3]}`
}
