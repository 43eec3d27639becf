/** Where the models of a new config are, by the name of their provider; the first whose key is set is taken. */
export const starters = {
  openai: { model: 'gpt-4.1-mini', key: 'OPENAI_API_KEY' },
  anthropic: { model: 'claude-haiku-4-5', key: 'ANTHROPIC_API_KEY' },
  nvidia: { model: 'nvidia/nemotron-3-nano-30b-a3b', key: 'NVIDIA_API_KEY' },
  openrouter: { model: 'openai/gpt-oss-20b', key: 'OPENROUTER_API_KEY' },
  embedded: {
    model: 'hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q4_k_m.gguf',
    key: null,
  },
  'stand-in': { model: null, key: null },
} as const

export type StarterName = keyof typeof starters

export interface StarterChoice {
  name: StarterName
  /** Why it was taken, as the end of a sentence. */
  because: string
}

/** A provider whose key is set, else the model in this process, else answers without a model. */
export function chooseStarter(
  environment: Readonly<Record<string, string | undefined>>,
  { hasRuntime }: { hasRuntime: boolean },
): StarterChoice {
  for (const [name, { key }] of Object.entries(starters)) {
    if (key !== null && (environment[key] ?? '') !== '') {
      // Its own entries.
      return { name: name as StarterName, because: `${key} is set` }
    }
  }
  return hasRuntime
    ? { name: 'embedded', because: 'no key is set and node-llama-cpp is installed' }
    : { name: 'stand-in', because: 'no key is set and node-llama-cpp is not installed' }
}

/** The config of a template with every alias at this provider. */
export function withStarter(config: string, name: StarterName): string {
  const { model } = starters[name]
  if (model === null) return config
  return config.replaceAll(
    /^( +)provider: stand-in\n +model: .*$/gm,
    (_, margin: string) => `${margin}provider: ${name}\n${margin}model: ${model}`,
  )
}
