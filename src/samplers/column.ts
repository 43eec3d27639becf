import { CellFailure } from '../graph/failure.ts'
import { toDouble, type Value } from '../util/value.ts'
import {
  conversionProblem,
  createConversion,
  unifiedSampleType,
  type Conversion,
} from './conversion.ts'
import type { Constraint, Loaded } from '../graph/kind.ts'
import type { ReferencedSampler, Sampler, SampleType } from './define.ts'
import { isScalar, numberOf, scalarText, type Scalar } from './scalar-type.ts'

/** A sampler column with its kind; all parameter objects were parsed by that kind's schema. */
export interface SamplerColumn {
  readonly name: string
  readonly sampler: Sampler<unknown>
  readonly params: unknown
  /** Parameters for the rows where a condition holds; the last that holds wins. */
  readonly conditions: readonly { readonly source: string; readonly params: unknown }[]
  readonly convertTo: string | null
  /** Bounds of its cells. */
  readonly constraints: readonly Constraint[]
  /** What its parameter objects loaded, in the order of `branchesOf`; omitted where it loads nothing. */
  readonly loaded?: readonly Loaded[]
}

/** Its parameter objects: the base, then one per condition. */
export function branchesOf({ params, conditions }: SamplerColumn): unknown[] {
  return [params, ...conditions.map((condition) => condition.params)]
}

/** What its branches draw, as one type; null when they do not go together. */
export function sampleTypeOf(column: SamplerColumn): SampleType | null {
  return unifiedSampleType(branchesOf(column).map((params) => column.sampler.sampleType(params)))
}

/** How its draws become cells; null when the config is wrong there, which is reported elsewhere. */
export function conversionOf(column: SamplerColumn): Conversion | null {
  const { converts } = column.sampler
  const type = sampleTypeOf(column)
  if (type === null || conversionProblem(converts, column.convertTo) !== null) return null
  return createConversion(converts, type, column.convertTo)
}

/** The column as the check of one that refers to it sees it; null when it has its own problems. */
export function referencedSampler(column: SamplerColumn): ReferencedSampler | null {
  const sampleType = sampleTypeOf(column)
  const conversion = conversionOf(column)
  if (sampleType === null || conversion === null) return null
  return {
    samplerType: column.sampler.kind,
    sampleType,
    texts: listedTexts(column, conversion),
    textOf: writtenText(sampleType, conversion),
  }
}

function listedTexts(column: SamplerColumn, conversion: Conversion): ReadonlySet<string> | null {
  const texts = new Set<string>()
  for (const params of branchesOf(column)) {
    const values = column.sampler.listed?.(params)
    if (values === undefined) return null
    for (const value of values) {
      const text = convertedText(value, conversion)
      if (text === null) return null
      texts.add(text)
    }
  }
  return texts
}

/**
 * What a cell's text is for a value as a config's key writes it: for a column of doubles `1` and
 * `1.0` are both `1.0`; what is no such value stays as it is.
 */
export function writtenText(
  sampleType: SampleType,
  conversion: Conversion,
): (written: string) => string {
  return (written) => {
    if (sampleType !== 'int64' && sampleType !== 'float64') {
      return convertedText(written, conversion) ?? written
    }
    const number = numberOf(written)
    if (Number.isNaN(number)) return written
    const isWhole = sampleType === 'int64' && Number.isSafeInteger(number)
    return convertedText(isWhole ? number : toDouble(number), conversion) ?? written
  }
}

/** Null when the value has no form in the output type. */
function convertedText(value: Value, conversion: Conversion): string | null {
  try {
    const cell = conversion.convert(value, null)
    return isScalar(cell) ? cellText(cell, conversion) : null
  } catch (error) {
    if (error instanceof CellFailure) return null
    throw error
  }
}

/** A cell as text; doubles of a row are plain numbers where they are read from the store. */
export function cellText(cell: Scalar, { output }: Conversion): string {
  return scalarText(output === 'float64' ? toDouble(numberOf(cell)) : cell)
}
