import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'

/** A page on what one door of the package exports. */
export interface LibraryPage {
  /** Name of the file in docs/reference/. */
  file: string
  exports: readonly LibraryExport[]
  text: string
}

interface LibraryExport {
  name: string
  form: Form
  /** The doc comment, without its stars. */
  comment: string
  /** The declaration without what functions do. */
  code: string
  /** The file that declares it. */
  path: string
}

type Form = 'function' | 'value' | 'class' | 'type'

const headings: readonly (readonly [Form, string])[] = [
  ['function', 'Functions'],
  ['value', 'Values'],
  ['class', 'Classes'],
  ['type', 'Types'],
]

const source = fileURLToPath(new URL('../../src/', import.meta.url))

const doors = [
  {
    file: 'library.md',
    entry: 'index.ts',
    specifier: 'rowsmith',
    what: 'Programs make, read and check datasets with these functions. The [quickstart](../quickstart.md#from-a-program) shows them at work.',
  },
  {
    file: 'library-plugin.md',
    entry: 'plugin.ts',
    specifier: 'rowsmith/plugin',
    what: 'A [plugin](../config.md#plugins) adds kinds of columns, samplers, seeds, validators, processors, providers and exports. [Contributing](../../CONTRIBUTING.md) has an example of each family.',
  },
  {
    file: 'library-testing.md',
    entry: 'testing/index.ts',
    specifier: 'rowsmith/testing',
    what: 'Tests of programs and plugins use a scripted provider, a model server, a virtual clock, and the suites that every built-in kind passes.',
  },
] as const

/** The pages on the package's doors, from the doc comments of what they export. */
export function libraryPages(): LibraryPage[] {
  return doors.map(({ file, entry, specifier, what }) => {
    const exports = exportsOf(join(source, entry)).toSorted((one, other) =>
      one.name.localeCompare(other.name, 'en'),
    )
    const parts = headings.flatMap(([form, heading]) => {
      const own = exports.filter((each) => each.form === form)
      return own.length === 0 ? [] : [`## ${heading}`, ...own.map(textOf)]
    })
    const head = [
      `# \`${specifier}\``,
      '<!-- Written by `npm run reference` from the doc comments in src/. -->',
      what,
    ]
    return { file, exports, text: `${[...head, ...parts].join('\n\n')}\n` }
  })
}

function textOf({ name, comment, code }: LibraryExport): string {
  return `### \`${name}\`\n\n${comment}\n\n\`\`\`ts\n${code}\n\`\`\``
}

interface Node {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

interface Module {
  path: string
  text: string
  statements: readonly Node[]
}

const modules = new Map<string, Module>()

function moduleAt(path: string): Module {
  let module = modules.get(path)
  if (module === undefined) {
    const text = readFileSync(path, 'utf8')
    const { body } = parseAst(text, { lang: 'ts' }, path) as unknown as { body: Node[] }
    module = { path, text, statements: body }
    modules.set(path, module)
  }
  return module
}

/** Everything a door exports from files of the source; `z` is another package's. */
function exportsOf(path: string): LibraryExport[] {
  return moduleAt(path).statements.flatMap((statement) => {
    const from = originOf(statement)
    if (from === null || !from.startsWith('.')) return []
    return specifiersOf(statement).map(({ local }) =>
      declarationOf(local, join(dirname(path), from)),
    )
  })
}

function declarationOf(name: string, path: string): LibraryExport {
  const module = moduleAt(path)
  for (const statement of module.statements) {
    const from = originOf(statement)
    const passedOn = specifiersOf(statement).find(({ exported }) => exported === name)
    if (from !== null && passedOn !== undefined) {
      return declarationOf(passedOn.local, join(dirname(path), from))
    }
    const declaration = statement['declaration'] as Node | null | undefined
    if (declaration != null && namesOf(declaration).includes(name)) {
      return {
        name,
        form: formOf(declaration),
        comment: commentBefore(statement, module),
        code: typedValue(declaration, module) ?? withoutBodies(statement, module),
        path: relative(source, path),
      }
    }
  }
  throw new Error(`${path} exports no ${name}`)
}

function originOf(statement: Node): string | null {
  const origin = statement['source'] as { value: string } | null | undefined
  return statement.type === 'ExportNamedDeclaration' ? (origin?.value ?? null) : null
}

function specifiersOf(statement: Node): { local: string; exported: string }[] {
  const specifiers = (statement['specifiers'] ?? []) as {
    local: { name: string }
    exported?: { name: string }
  }[]
  return statement.type === 'ExportNamedDeclaration'
    ? specifiers.map(({ local, exported }) => ({
        local: local.name,
        exported: exported?.name ?? local.name,
      }))
    : []
}

function namesOf(declaration: Node): string[] {
  const variables = (declaration['declarations'] ?? []) as { id: { name: string } }[]
  const id = declaration['id'] as { name: string } | null | undefined
  return [...variables.map((variable) => variable.id.name), ...(id == null ? [] : [id.name])]
}

function formOf({ type }: Node): Form {
  if (type === 'VariableDeclaration') return 'value'
  if (type === 'ClassDeclaration') return 'class'
  return type.includes('Function') ? 'function' : 'type'
}

/** The doc comment that ends where the statement begins. */
function commentBefore({ start }: Node, { text }: Module): string {
  const before = text.slice(0, start).trimEnd()
  if (!before.endsWith('*/')) return ''
  const comment = before.slice(before.lastIndexOf('/*'), -2)
  if (!comment.startsWith('/**')) return ''
  return comment
    .slice(3)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join('\n')
    .trim()
}

/** A constant with a written type, and that type where the same file declares it. */
function typedValue(declaration: Node, { text, statements }: Module): string | null {
  const [variable] = (declaration['declarations'] ?? []) as { id: Node & { name: string } }[]
  const annotation = variable?.id['typeAnnotation'] as Node | null | undefined
  if (variable === undefined || annotation == null) return null
  const type = text.slice(annotation.start, annotation.end)
  const own = statements.find((statement) =>
    namesOf(statement).some((name) => type === `: ${name}`),
  )
  const before = own === undefined ? [] : [text.slice(own.start, own.end)]
  return [...before, `export const ${variable.id.name}${type}`].join('\n\n')
}

/** The text of a declaration without what its functions do and what only its class sees. */
function withoutBodies(statement: Node, { text }: Module): string {
  const cuts = cutsOf(statement).toSorted((one, other) => one.start - other.start)
  let code = ''
  let at = statement.start
  for (const { start, end, instead } of cuts) {
    if (start < at) continue
    code += text.slice(at, start).trimEnd() + instead
    at = end
  }
  return (code + text.slice(at, statement.end)).replaceAll(/\n{3,}/g, '\n\n').trim()
}

interface Cut {
  start: number
  end: number
  instead: string
}

function cutsOf(node: Node): Cut[] {
  if (node.type === 'PropertyDefinition' && isPrivate(node)) return [{ ...node, instead: '' }]
  if (node.type === 'MethodDefinition' && isPrivate(node)) return [{ ...node, instead: '' }]
  const body = node['body'] as Node | null | undefined
  if (node.type === 'ArrowFunctionExpression' && body != null) {
    return [...partsOf(node, 'body').flatMap(cutsOf), { ...body, instead: ' …' }]
  }
  if (body?.type === 'BlockStatement' || body?.type === 'FunctionBody') {
    return [...partsOf(node, 'body').flatMap(cutsOf), { ...body, instead: '' }]
  }
  return partsOf(node).flatMap(cutsOf)
}

function isPrivate(node: Node): boolean {
  return (node['key'] as Node | undefined)?.type === 'PrivateIdentifier'
}

function partsOf(node: Node, without?: string): Node[] {
  return Object.entries(node).flatMap(([field, value]) => {
    if (field === without) return []
    return (Array.isArray(value) ? value : [value]).filter(isNode)
  })
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}
