import type { z } from 'zod'
import { list, refuse, scalar } from '../config/scalars.ts'
import type { Scalar } from './scalar-type.ts'

const int64End = 2n ** 63n

/** A list of texts and numbers as written; true and false count as 1 and 0. */
export function listedValues(): z.ZodType<Scalar[]> {
  const item = scalar().transform((written, context): Scalar => {
    if (typeof written === 'boolean') return written ? 1 : 0
    const tooLong = typeof written === 'bigint' && !(written >= -int64End && written < int64End)
    if (!tooLong) return written
    const expected = 'a whole number of 64 bits, or text in quotes'
    return refuse(context, written, { code: 'out-of-range', expected })
  })
  return list(item, { min: 1 })
}
