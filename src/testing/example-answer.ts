import { exampleText } from '../models/example-text.ts'
import { exampleValue } from '../models/example-value.ts'

/**
 * What a server answers to a body that no script has an answer for: words, or what was asked for where
 * that is a form of JSON or a block of code.
 */
export function exampleAnswer(body: string, prompt: string, words: number): string {
  const text = exampleText(prompt, words)
  const fence = /```([a-z]+)/.exec(prompt)?.[1]
  if (fence !== undefined) return `\`\`\`${fence}\n${text}\n\`\`\``
  if (!body.includes('"response_format"') && !body.includes('"output_config"')) return text
  // Only clients of ours come here.
  const { response_format: format, output_config: output } = JSON.parse(body) as {
    response_format?: { json_schema?: { schema?: unknown } }
    output_config?: { format?: { schema?: unknown } }
  }
  const schema = format?.json_schema?.schema ?? output?.format?.schema
  if (schema === undefined) return text
  return JSON.stringify(exampleValue(schema, text))
}
