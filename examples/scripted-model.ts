import { definePlugin, type Plugin } from 'rowsmith/plugin'
import {
  type ModelRequest,
  type Script,
  type ScriptedAnswer,
  scriptedProvider,
} from 'rowsmith/testing'

/** A plugin whose models answer from a script, for `--plugin` in addition to `--providers ../scripted.yaml`. */
export function scriptedModel(script: Script): Plugin {
  return definePlugin({
    name: 'scripted-model',
    version: '1.0.0',
    providers: [scriptedProvider(script)],
  })
}

/** A number below `end` that depends on a text alone, so that the same prompt gets the same answer. */
export function numberFor(text: string, end: number): number {
  let hash = 2_166_136_261
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0
  }
  return (hash >>> 8) % end
}

/** One of some values, by a text alone. */
export function pick<Value>(values: readonly Value[], text: string): Value {
  const value = values[numberFor(text, values.length)]
  if (value === undefined) throw new Error('there is nothing to pick from')
  return value
}

/** What a pattern finds in a prompt; a script that no longer fits its config says so. */
export function found(pattern: RegExp, prompt: string): string {
  const [, text] = pattern.exec(prompt) ?? []
  if (text === undefined) throw new Error(`no ${String(pattern)} in the prompt: ${prompt}`)
  return text
}

/** What tools answered so far in the conversation of a request, each as one text. */
export function toolResults(request: ModelRequest): string[] {
  if (request.operation !== 'chat') return []
  return request.messages.flatMap(({ content }) =>
    content.flatMap((block) =>
      block.type === 'tool-result'
        ? [block.content.map((each) => (each.type === 'text' ? each.text : '')).join('')]
        : [],
    ),
  )
}

/** An answer that calls a tool; `written` are its arguments as the model writes them. */
export function toolCall(name: string, written: string): ScriptedAnswer {
  return {
    content: [{ type: 'tool-call', id: `call-${name}`, name, arguments: written }],
    finishReason: 'tool_calls',
  }
}
