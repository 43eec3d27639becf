import type { ConfigPath, Problem } from '../config/problem.ts'
import type { DescribeContext } from '../graph/kind.ts'
import { readTemplate, type TemplateField } from '../graph/read-template.ts'

/** Reads a template field of a column that is being described. */
export function describeTemplate(
  source: string,
  field: string,
  context: DescribeContext,
): TemplateField {
  // A name that the template may set itself is never the column it makes.
  const own = context.written['name']
  return readTemplate(
    source,
    [...context.path, field],
    (name) => name !== own && isColumn(name, context),
  )
}

/** Reads a prompt: a template that had better depend on the row. */
export function describePrompt(
  column: string,
  prompt: string,
  context: DescribeContext,
  { hasOtherInput = false }: { hasOtherInput?: boolean } = {},
): TemplateField {
  const path = [...context.path, 'prompt']
  const field = describeTemplate(prompt, 'prompt', context)
  const problems = [...field.problems, ...singleBraces(column, prompt, path, context)]
  if (field.template !== null && field.references.length === 0 && !hasOtherInput) {
    problems.push({
      level: 'warning',
      code: 'prompt-without-references',
      path,
      message: `The prompt of column '${column}' refers to no column, so every row sends the same one`,
      suggestion: 'Add a column, such as {{ topic }}.',
    })
  }
  return { ...field, problems }
}

// `{name}`, `{ name }`, `{name!r}`, `{name:>3}`: what Python's own formatting replaces.
const replacementField = /(?<!\{)\{([^{}!:]+)(?:![^{}:]*)?(?::[^{}]*)?\}(?!\})/g

/** Warns of columns in single braces, which a template leaves as they are. */
export function singleBraces(
  column: string,
  source: string,
  path: ConfigPath,
  context: DescribeContext,
): Problem[] {
  const seen = new Set<string>()
  const problems: Problem[] = []
  for (const { index, 0: text, 1: inner = '' } of source.matchAll(replacementField)) {
    const name = inner.trim()
    if (seen.has(name) || !isColumn(name, context)) continue
    seen.add(name)
    const before = source.slice(0, index).split('\n')
    problems.push({
      level: 'warning',
      code: 'single-braces',
      path,
      message: `Column '${column}' has '${text}' in its ${String(path.at(-1))}, which is sent unchanged`,
      suggestion: `To put the value of the column there, write {{ ${name} }}.`,
      within: { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
    })
  }
  return problems
}

/** Warns of an expression that names columns and has no braces: it is a constant text. */
export function describeExpression(
  column: string,
  expr: string,
  context: DescribeContext,
): TemplateField {
  const path = [...context.path, 'expr']
  const field = describeTemplate(expr, 'expr', context)
  const problems = [...field.problems, ...singleBraces(column, expr, path, context)]
  const words: string[] = /[{}]/.test(expr) ? [] : (expr.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [])
  const named = words.find((word) => isColumn(word, context))
  if (named !== undefined) {
    problems.push({
      level: 'warning',
      code: 'missing-braces',
      path,
      message: `The expression of column '${column}' names '${named}' without braces, so every row gets this same text`,
      suggestion: `To compute it, write ${JSON.stringify(`{{ ${expr.trim()} }}`)}.`,
    })
  }
  return { ...field, problems }
}

function isColumn(name: string, context: DescribeContext): boolean {
  return context.columns.has(name) || context.seedColumn(name) !== undefined
}
