import { nearest } from '../util/near-miss.ts'

/** What other tools call a key, and what it is called here; the first one that is known there counts. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  choices: ['values'],
  expression: ['expr'],
  instructions: ['system_prompt', 'prompt'],
  max: ['high'],
  maximum: ['high'],
  min: ['low'],
  minimum: ['low'],
  models: ['model_configs'],
  num_records: ['rows'],
  options: ['values'],
  probabilities: ['weights'],
  providers: ['model_providers'],
  sigma: ['stddev'],
  std: ['stddev'],
  system: ['system_prompt'],
  template: ['prompt', 'expr'],
}

/** The key that was meant by one that is not known: a near miss, or the same under another name. */
export function meantKey(key: string, known: readonly string[]): string | undefined {
  const near = nearest(key, known)
  if (near !== undefined || !Object.hasOwn(otherNames, key)) return near
  return otherNames[key]?.find((name) => known.includes(name))
}
