/** Ways to hold a model to JSON of a given form, the one that holds best first. */
export const outputModes = [
  'json_schema',
  'bare_schema',
  'tool_call',
  'json_object',
  'prompt',
] as const

/**
 * `json_schema`: the provider's own form of a JSON Schema. `bare_schema`: the same without bounds of values, such
 * as `maxLength`, which some refuse. `tool_call`: a tool that the model must call, whose
 * arguments are the answer. `json_object`: any JSON. `prompt`: nothing but the words of the prompt, which
 * are there in every mode.
 */
export type OutputMode = (typeof outputModes)[number]
