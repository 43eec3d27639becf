import type { JSONObject, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import { isObject } from './provider-text.ts'
import { numberFrom } from './raw-json.ts'

type ProviderOptions = Record<string, JSONObject>

/** `extra_body` as a package of the AI SDK takes it. */
export interface SdkOptions {
  /** Fields that the specification has a word for. */
  readonly call: Pick<
    LanguageModelV4CallOptions,
    | 'maxOutputTokens'
    | 'temperature'
    | 'topP'
    | 'topK'
    | 'seed'
    | 'presencePenalty'
    | 'frequencyPenalty'
    | 'stopSequences'
    | 'reasoning'
  >
  readonly size: `${number}x${number}` | undefined
  readonly aspectRatio: `${number}:${number}` | undefined
  /** As the package has them, under its own name for itself. */
  readonly providerOptions: ProviderOptions
  /** All else, which goes over the fields of the body that the package writes. */
  readonly fields: Readonly<Record<string, unknown>>
}

const numbers = {
  max_tokens: 'maxOutputTokens',
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  seed: 'seed',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
} as const

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const

/** Every field of `extra_body` once: as an option where there is one, else in the body as it is. */
export function readSdkOptions(extraBody: Readonly<Record<string, unknown>>): SdkOptions {
  // One answer a cell: others would be paid for and thrown away.
  const { stop, reasoning_effort, size, aspect_ratio, provider_options, n: _n, ...rest } = extraBody
  const call: SdkOptions['call'] = {}
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(rest)) {
    const number = numberFrom(value)
    if (Object.hasOwn(numbers, name) && number !== null) {
      // Own property: checked on the line before.
      call[numbers[name as keyof typeof numbers]] = number
    } else fields[name] = value
  }
  const stops = typeof stop === 'string' ? [stop] : stop
  if (isTexts(stops)) call.stopSequences = stops
  else if (stop !== undefined) fields['stop'] = stop
  const effort = efforts.find((each) => each === reasoning_effort)
  if (effort !== undefined) call.reasoning = effort
  else if (reasoning_effort !== undefined) fields['reasoning_effort'] = reasoning_effort
  const shape = matching(size, /^\d+x\d+$/)
  if (shape === undefined && size !== undefined) fields['size'] = size
  const ratio = matching(aspect_ratio, /^\d+:\d+$/)
  if (ratio === undefined && aspect_ratio !== undefined) fields['aspect_ratio'] = aspect_ratio
  return {
    call,
    // Checked by the patterns.
    size: shape as SdkOptions['size'],
    aspectRatio: ratio as SdkOptions['aspectRatio'],
    providerOptions: plainOptions(provider_options),
    fields,
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined
}

/** Packages look into these, so long numbers become what `JSON.parse` makes of them. */
function plainOptions(options: unknown): ProviderOptions {
  if (!isObject(options)) return {}
  return JSON.parse(JSON.stringify(options)) as ProviderOptions
}
