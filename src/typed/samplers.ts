import type { ColumnSpec } from './column-spec.ts'

type Scalar = string | number | boolean

/** A distribution of scipy.stats by its name and parameters. */
interface NamedDistribution {
  readonly dist_name: string
  readonly dist_params: Readonly<Record<string, number | readonly number[]>>
}

interface DateRange {
  readonly start: string
  readonly end: string
  readonly unit?: 'Y' | 'M' | 'D' | 'h' | 'm' | 's'
}

interface TimeDelta<Column extends string> {
  readonly dt_min: number
  readonly dt_max: number
  readonly reference_column_name: Column
  readonly unit?: 'D' | 'h' | 'm' | 's'
}

interface Person {
  readonly locale?: string
  readonly sex?: 'Male' | 'Female'
  readonly city?: string | readonly string[]
  readonly age_range?: readonly [number, number]
}

/** The type a number is turned into. */
interface Conversion<To extends 'int' | 'float' | 'str'> {
  readonly convert_to?: To
}

type Converted<To> = [To] extends ['str'] ? string : number

type Numbers<Params> = <const To extends 'int' | 'float' | 'str' = 'float'>(
  params: Params,
  options?: Conversion<To>,
) => ColumnSpec<unknown, Converted<To>>

interface Samplers {
  /** One of some values, each as often as its weight says. */
  category<const Value extends Scalar>(
    values: readonly Value[],
    options?: { readonly weights?: readonly number[] },
  ): ColumnSpec<unknown, Value>
  /** One of the values that belong to the value of a category column before it. */
  subcategory<const Column extends string, const Value extends Scalar>(params: {
    readonly category: Column
    readonly values: Readonly<Record<string, readonly Value[]>>
  }): ColumnSpec<unknown, Value, Column>
  uniform: Numbers<{
    readonly low: number
    readonly high: number
    readonly decimal_places?: number
  }>
  gaussian: Numbers<{
    readonly mean: number
    readonly stddev: number
    readonly decimal_places?: number
  }>
  bernoulli: Numbers<{ readonly p: number }>
  bernoulli_mixture: Numbers<NamedDistribution & { readonly p: number }>
  binomial: Numbers<{ readonly n: number; readonly p: number }>
  poisson: Numbers<{ readonly mean: number }>
  scipy: Numbers<NamedDistribution & { readonly decimal_places?: number }>
  /** A date as text; `convert_to` is its pattern. */
  datetime(
    params: DateRange,
    options?: { readonly convert_to?: string },
  ): ColumnSpec<unknown, string>
  /** A date some time after the one of another column. */
  timedelta<const Column extends string>(
    params: TimeDelta<Column>,
    options?: { readonly convert_to?: string },
  ): ColumnSpec<unknown, string, Column>
  uuid(params?: {
    readonly prefix?: string
    readonly short_form?: boolean
    readonly uppercase?: boolean
  }): ColumnSpec<unknown, string>
  /** An invented person: `{{ customer.first_name }}`. */
  person_from_faker(params?: Person): ColumnSpec<unknown, Readonly<Record<string, unknown>>>
  /** A sampler of a plugin, by its `sampler_type`; its parameters are checked by `validate`. */
  of<Value>(
    samplerType: string,
    params: Readonly<Record<string, unknown>>,
    options?: { readonly convert_to?: string },
  ): ColumnSpec<unknown, Value>
}

function sampled(
  samplerType: string,
  params: object,
  options: object = {},
): ColumnSpec<unknown, never> {
  return {
    fields: {
      column_type: 'sampler',
      sampler_type: samplerType,
      params: { ...params },
      ...options,
    },
  }
}

function samplerOf(samplerType: string) {
  return (params: object = {}, options: object = {}): ColumnSpec<unknown, never> =>
    sampled(samplerType, params, options)
}

/** Sampler columns: `sampler.category(['kettle', 'lamp'])`. */
export const sampler: Samplers = {
  category: (values, options = {}) => sampled('category', { values, ...options }),
  subcategory: samplerOf('subcategory'),
  uniform: samplerOf('uniform'),
  gaussian: samplerOf('gaussian'),
  bernoulli: samplerOf('bernoulli'),
  bernoulli_mixture: samplerOf('bernoulli_mixture'),
  binomial: samplerOf('binomial'),
  poisson: samplerOf('poisson'),
  scipy: samplerOf('scipy'),
  datetime: samplerOf('datetime'),
  timedelta: samplerOf('timedelta'),
  uuid: samplerOf('uuid'),
  person_from_faker: samplerOf('person_from_faker'),
  of: sampled,
}
