import { z } from 'zod'
import { flag, oneOf, text } from '../config/scalars.ts'
import type { PatternChoice } from './check-pattern.worker.ts'
import { isNoAnswer } from './check-thread.ts'
import { defineValidator } from './define.ts'
import { patternThread } from './pattern-thread.ts'
import { textOfValue } from './subject-text.ts'
import { verdictOf } from './verdict.ts'

const params = z
  .strictObject({
    pattern: text({ nonEmpty: true }).describe('A regular expression of JavaScript.'),
    match: oneOf(['search', 'full'])
      .default('search')
      .describe('search: anywhere in the text. full: the whole text.'),
    ignore_case: flag().default(false).describe('Whether small and capital letters are the same.'),
    invert: flag().default(false).describe('Valid texts are those that do not match.'),
  })
  .superRefine((config, context) => {
    try {
      regExpOf(config)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      const message = `a regular expression: ${error.message}`
      context.addIssue({ code: 'custom', path: ['pattern'], message })
    }
  })
  .describe('Whether a text matches a pattern.')

interface RegexFields {
  pattern: string
  match: 'search' | 'full'
  ignore_case: boolean
}

/** Whether a text matches a pattern; one that takes too long is invalid. */
export const regexValidator = defineValidator<z.output<typeof params>>({
  type: 'regex',
  params,
  judges: 'target',
  by: 'cell',
  describe: () => ({ fields: ['error_messages'] }),
  open(config, { onClose }) {
    const choice = regExpOf(config)
    const checks = patternThread.take()
    onClose(() => checks.close())
    const said = config.invert
      ? `it matches ${config.pattern}`
      : `it does not match ${config.pattern}`
    return async ({ targets }) => {
      const [value = null] = targets.values()
      const found = await checks.check<boolean>('matches', [choice, textOfValue(value)])
      if (isNoAnswer(found)) return verdictOf([found.message])
      return verdictOf(found === config.invert ? [said] : [])
    }
  },
})

/** Throws a `SyntaxError`. */
function regExpOf({ pattern, match, ignore_case: ignoreCase }: RegexFields): PatternChoice {
  const flags = ignoreCase ? 'ius' : 'us'
  // By itself, so that what would close the group around it is refused.
  const bare = new RegExp(pattern, flags)
  return { pattern: match === 'full' ? `^(?:${bare.source})$` : bare.source, flags }
}
