/**
 * Whether tests of the same kind are all run, with THOROUGH=1: more kills, more damaged bytes, more
 * shapes. Without it `npm test` takes some of each, and stays under a quarter of an hour on two cores.
 */
export const isThorough = process.env['THOROUGH'] === '1'

/** A number of repetitions: all of them where tests are thorough. */
export function repetitions({ all, some }: { all: number; some: number }): number {
  return isThorough ? all : some
}
