import { serve } from '../threads/worker-calls.ts'
import { compileSchema, type PlainSchema } from './compile-schema.ts'

/** What a text is held against. */
export type PatternChoice =
  | { readonly pattern: string; readonly flags: string }
  | { readonly schema: PlainSchema }

type PatternCalls = {
  load: (choice: PatternChoice) => Promise<void>
  /** Whether the pattern is found in the text. */
  matches: (choice: PatternChoice, text: string) => Promise<boolean>
  /** What the schema says of a value written as JSON. */
  faults: (choice: PatternChoice, json: string) => Promise<readonly string[]>
}

type Compiled = { pattern: RegExp } | { find: (value: unknown) => string[] }

const compiled = new Map<string, Compiled>()

serve<PatternCalls>({
  load(choice) {
    compile(choice)
    return Promise.resolve()
  },
  matches(choice, text) {
    const found = compile(choice)
    return Promise.resolve('pattern' in found && found.pattern.test(text))
  },
  faults(choice, json) {
    const found = compile(choice)
    return Promise.resolve('find' in found ? found.find(JSON.parse(json)) : [])
  },
})

function compile(choice: PatternChoice): Compiled {
  const key = JSON.stringify(choice)
  let found = compiled.get(key)
  if (found === undefined) {
    found =
      'pattern' in choice
        ? { pattern: new RegExp(choice.pattern, choice.flags) }
        : { find: compileSchema(choice.schema) }
    compiled.set(key, found)
  }
  return found
}
