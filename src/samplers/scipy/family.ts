import type { Frozen } from './frozen.ts'

/** What a shape parameter may be. */
export interface Domain {
  /** For people: `above 0`. */
  words: string
  readonly holds: (value: number) => boolean
  /** A list of such numbers. */
  isList?: true
}

/** A distribution of scipy.stats, by its shape parameters. */
export interface Family {
  kind: Frozen['kind']
  /** By the names scipy has, in its order. */
  shapes: Readonly<Record<string, Domain>>
  /** What is wrong between the shapes, in words of what is expected; null when nothing is. */
  conflict: (...shapes: number[]) => string | null
  /** Without loc and scale; a list of shapes follows as it is. */
  freeze: (...shapes: number[]) => Frozen
}

export const real: Domain = { words: 'a finite number', holds: Number.isFinite }
export const positive: Domain = {
  words: 'a number above 0',
  holds: (value) => value > 0 && Number.isFinite(value),
}
export const nonNegative: Domain = {
  words: 'a number, at least 0',
  holds: (value) => value >= 0 && Number.isFinite(value),
}
export const share: Domain = {
  words: 'a number from 0 to 1',
  holds: (value) => value >= 0 && value <= 1,
}
export const inside: Domain = {
  words: 'a number between 0 and 1',
  holds: (value) => value > 0 && value < 1,
}
export const whole: Domain = {
  words: 'a whole number, at least 0',
  holds: (value) => Number.isSafeInteger(value) && value >= 0,
}
export const count: Domain = {
  words: 'a whole number, at least 1',
  holds: (value) => Number.isSafeInteger(value) && value >= 1,
}
export const integer: Domain = { words: 'a whole number', holds: Number.isSafeInteger }

type Shapes = Family['shapes']

export function continuousFamily(
  shapes: Shapes,
  freeze: Family['freeze'],
  conflict: Family['conflict'] = () => null,
): Family {
  return { kind: 'continuous', shapes, freeze, conflict }
}

export function discreteFamily(
  shapes: Shapes,
  freeze: Family['freeze'],
  conflict: Family['conflict'] = () => null,
): Family {
  return { kind: 'discrete', shapes, freeze, conflict }
}
