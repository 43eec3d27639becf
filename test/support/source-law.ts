import { dirname, posix } from 'node:path'

/** The folders of `src/` in the one order there is: each may import from its left and from itself. */
export const layers = [
  'util',
  'threads',
  'random',
  'config',
  'templates',
  'plan',
  'graph',
  'limits',
  'rows',
  'scheduler',
  'models',
  'tools',
  'samplers',
  'seeds',
  'validators',
  'processors',
  'columns',
  'profile',
  'store',
  'export',
  'plugins',
  'check',
  'render',
  'report',
  'hub',
  'run',
  'typed',
  'testing',
  'cli',
] as const

/** Folders that see neither files nor processes: they run the same under a virtual clock. */
const pureLayers: ReadonlySet<string> = new Set(
  layers.slice(0, layers.indexOf('models')).filter((layer) => layer !== 'threads'),
)

/** The doors, each right of the folder it opens; nothing inside imports them. */
const doors: ReadonlyMap<string, (typeof layers)[number]> = new Map([
  ['index.ts', 'typed'],
  ['plugin.ts', 'plugins'],
])

/** A source file, by its path inside `src/` with `/` between names. */
export interface SourceFile {
  path: string
  text: string
}

/** What is wrong with one file, one sentence each; empty when it keeps the law. */
export function violations(file: SourceFile): string[] {
  const found = [...wordViolations(file), ...nameViolations(file.path)]
  // Tests may reach anywhere: they put the pieces together.
  return isTest(file.path) ? found : [...found, ...importViolations(file)]
}

function importViolations({ path, text }: SourceFile): string[] {
  const own = layerOf(path)
  const ownRank = rankOf(path)
  if (ownRank < 0) return [`${path} is in no layer; the layers are ${layers.join(', ')}`]
  return importsOf(text).flatMap((specifier) => {
    if (specifier.startsWith('node:')) {
      return pureLayers.has(own) ? [`${path} imports ${specifier}, and ${own} is pure`] : []
    }
    if (!specifier.startsWith('.')) return []
    const target = resolveImport(path, specifier)
    if (isTest(target)) return [`${path} imports the test ${target}`]
    if (target.startsWith('../')) return [`${path} imports ${target.slice(3)}, outside src/`]
    if (doors.has(target)) return [`${path} imports the door ${target}; import the file itself`]
    if (layerOf(target) === own) return []
    return rankOf(target) < ownRank ? [] : [`${path} imports ${target}, and is not right of it`]
  })
}

const clockUse = /\b(?:Date\.now|Math\.random|performance\.now|randomUUID)\b|\bnew Date\(\s*\)/g
const anyType = /(?:[:<,|&(=]\s*|\b(?:as|extends|is)\s+)any\b(?!\s*[:(])/g
const unfinished = /\b(?:TODO|FIXME|XXX|HACK)\b/g

function wordViolations({ path, text }: SourceFile): string[] {
  const code = withoutTexts(text)
  const found = matches(code, anyType).map((word) => `${path} has the type any: ${word}`)
  for (const word of matches(text, unfinished)) found.push(`${path} says ${word}`)
  // A terminal shows the time that passes; a test must wait in real time.
  if (['util', 'cli'].includes(layerOf(path)) || isTest(path)) return found
  for (const word of matches(code, clockUse)) {
    found.push(`${path} uses ${word}; time, chance and identity are arguments`)
  }
  return found
}

const keywordNames = /^(?:types|constants|utils|helpers|interfaces|common)$/
const fileName = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

function nameViolations(path: string): string[] {
  const parts = path.replace(/(?:\.test|\.worker)?\.ts$/, '').split('/')
  return parts.flatMap((name) => {
    if (!fileName.test(name)) return [`${path}: ${name} is not kebab-case`]
    return keywordNames.test(name) ? [`${path}: ${name} names no subject`] : []
  })
}

/** Names that may stand in several folders, each with the reason. */
const sharedNames: ReadonlyMap<string, string> = new Map([
  ['define', 'the `define…` of a family'],
  ['index', 'the table of a family, or a door'],
  ['json', 'the text form in util/, the seed format in seeds/formats/'],
  ['plugin', 'what a plugin is, and the door for those who write one'],
  ['preview', 'a command in cli/, and what it calls'],
  ['render', 'a command in cli/, and what it calls'],
  ['validate', 'a command in cli/, and what it calls'],
])

/** File names that stand twice without a reason, with their paths. */
export function repeatedNames(paths: readonly string[]): string[] {
  const places = new Map<string, string[]>()
  for (const path of paths.filter((candidate) => !isTest(candidate))) {
    const name = path.replace(/^.*\/|\.ts$/g, '')
    places.set(name, [...(places.get(name) ?? []), path])
  }
  return [...places]
    .filter(([name, found]) => found.length > 1 && !sharedNames.has(name))
    .map(([, found]) => found.toSorted().join(' and '))
}

/** Files that import one another in a circle, as the path around it; null when there is none. */
export function findCycle(files: readonly SourceFile[]): string[] | null {
  const imports = new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolveImport(path, specifier)),
    ]),
  )
  const done = new Set<string>()
  const trail: string[] = []

  function visit(path: string): string[] | null {
    const at = trail.indexOf(path)
    if (at >= 0) return [...trail.slice(at), path]
    if (done.has(path)) return null
    trail.push(path)
    for (const next of imports.get(path) ?? []) {
      const cycle = visit(next)
      if (cycle !== null) return cycle
    }
    trail.pop()
    done.add(path)
    return null
  }

  for (const { path } of files) {
    const cycle = visit(path)
    if (cycle !== null) return cycle
  }
  return null
}

// At the start of a line, so that a sentence in a comment or in a text is no import.
const staticImport = /^(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?(['"])([^'"\n]+)\1/gm
const dynamicImport = /\bimport\(\s*(['"])([^'"\n]+)\1\s*\)/g

/** Every module a file names: static, dynamic and type imports. */
export function importsOf(text: string): string[] {
  const withoutComments = text.replaceAll(textOrComment, (found) =>
    found.startsWith('/') ? '' : found,
  )
  return [staticImport, dynamicImport].flatMap((pattern) =>
    [...withoutComments.matchAll(pattern)].map((match) => match[2] ?? ''),
  )
}

/** The names a module exports by lists, with `type` in front of those without a value. */
export function exportedNames(text: string): string[] {
  const lists = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)]
  return lists
    .flatMap(([, allTypes = '', list = '']) =>
      list
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
        .map((name) => (name.startsWith('type ') ? name : `${allTypes}${name}`)),
    )
    .toSorted()
}

/** Folders of one machine that must not get into a repository. */
const machinePath = /(?<![\w.)\]}*~-])\/(?:work|root|home\/\w+|Users\/\w+)(?=[/'"`\s]|$)/gm

/** Paths in a text that exist on the machine of whoever wrote it and nowhere else. */
export function machinePaths(text: string): string[] {
  return matches(text, machinePath)
}

const textOrComment =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

/** The code alone: comments are missing and texts are empty. */
function withoutTexts(text: string): string {
  return text.replaceAll(textOrComment, (found) => (found.startsWith('/') ? ' ' : "''"))
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([found]) => found.trim())
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

function resolveImport(from: string, specifier: string): string {
  return posix.join(dirname(from), specifier)
}

function layerOf(path: string): string {
  const [folder = ''] = path.split('/')
  return folder
}

/** Position in the order; -1 for what is nowhere in it. */
function rankOf(path: string): number {
  const opened = doors.get(path)
  if (opened !== undefined) return layers.indexOf(opened) + 0.5
  return layers.findIndex((layer) => layer === layerOf(path))
}
