import type { SharedV4Warning } from '@ai-sdk/provider'
import type { Problem } from '../config/problem.ts'
import { describe, type Asked } from './classify.ts'

/** More kinds than that are the same with other words in them. */
const mostKinds = 50

/** Tells what packages warn of, once for each kind and model. */
export function createSdkWarnings(
  tell: (problem: Problem) => void,
): (warnings: readonly SharedV4Warning[] | undefined, asked: Asked) => void {
  const told = new Set<string>()
  return (warnings, asked) => {
    for (const warning of warnings ?? []) {
      const key = JSON.stringify([asked.model, kindOf(warning)])
      if (told.has(key) || told.size >= mostKinds) continue
      told.add(key)
      tell({
        level: 'warning',
        code: 'provider-warning',
        path: [],
        message: `${describe(asked)} ${asked.redact(textOf(warning)).slice(0, 500)}`,
      })
    }
  }
}

function kindOf(warning: SharedV4Warning): readonly string[] {
  if (warning.type === 'deprecated') return [warning.type, warning.setting]
  return [warning.type, warning.type === 'other' ? warning.message : warning.feature]
}

function textOf(warning: SharedV4Warning): string {
  switch (warning.type) {
    case 'unsupported':
      return `does not support ${warning.feature}, which is ignored${detailsOf(warning)}`
    case 'compatibility':
      return `has ${warning.feature} in another way${detailsOf(warning)}`
    case 'deprecated':
      return `has a new way instead of ${warning.setting}: ${warning.message}`
    case 'other':
      break
  }
  return `warns: ${warning.message}`
}

function detailsOf({ details }: { details?: string }): string {
  return details === undefined ? '' : `: ${details}`
}
