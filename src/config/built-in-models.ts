import type { InferenceParameters, ModelConfig } from './dataset.ts'
import { mappingOf } from './literal.ts'
import { defaultParameters } from './models.ts'

/** Aliases known without any file; a config that defines models has only its own. */
export const builtInModels: readonly ModelConfig[] = [
  model('nvidia', 'text', 'nvidia/nemotron-3-nano-30b-a3b', drawn(1, 1)),
  model('nvidia', 'reasoning', 'nvidia/nemotron-3-super-120b-a12b', {
    ...drawn(1, 0.95),
    ...effort('medium'),
  }),
  model('nvidia', 'vision', 'nvidia/nemotron-3-nano-omni-30b-a3b-reasoning', drawn(0.6, 0.95)),
  model('nvidia', 'embedding', 'nvidia/llama-nemotron-embed-1b-v2', {
    generation_type: 'embedding',
    extra_body: mappingOf([['input_type', 'query']]),
  }),
  model('openai', 'text', 'gpt-4.1', drawn(0.85, 0.95)),
  model('openai', 'reasoning', 'gpt-5', effort('medium')),
  model('openai', 'vision', 'gpt-5', effort('medium')),
  model('openai', 'embedding', 'text-embedding-3-large', { generation_type: 'embedding' }),
  model('openrouter', 'text', 'nvidia/nemotron-3-nano-30b-a3b', drawn(1, 1)),
  model('openrouter', 'reasoning', 'openai/gpt-oss-20b', drawn(0.35, 0.95)),
  model(
    'openrouter',
    'vision',
    'nvidia/nemotron-3-nano-omni-30b-a3b-reasoning:free',
    drawn(0.6, 0.95),
  ),
  model('openrouter', 'embedding', 'openai/text-embedding-3-large', {
    generation_type: 'embedding',
  }),
]

function model(
  provider: string,
  use: string,
  id: string,
  parameters: Partial<InferenceParameters>,
): ModelConfig {
  return {
    alias: `${provider}-${use}`,
    model: id,
    provider,
    inference_parameters: { ...defaultParameters, ...parameters },
    skip_health_check: false,
  }
}

function drawn(temperature: number, top_p: number): Partial<InferenceParameters> {
  return { temperature, top_p }
}

function effort(word: string): Partial<InferenceParameters> {
  return { extra_body: mappingOf([['reasoning_effort', word]]) }
}
