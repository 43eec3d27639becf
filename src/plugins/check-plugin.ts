import { nearest } from '../util/near-miss.ts'
import { interfaceKey, type Plugin, pluginInterface } from './plugin.ts'

/** Why something is not a plugin that can be used, and the way out. */
export interface PluginFinding {
  readonly message: string
  readonly suggestion: string
}

type Member = 'text' | 'list' | 'function' | 'schema' | 'object' | 'row or records'

/** What every kind of a family has, by the field of the plugin. */
const families: Readonly<Record<string, Readonly<Record<string, Member>>>> = {
  columns: { type: 'text', schema: 'schema', describe: 'function', bind: 'function' },
  samplers: { kind: 'text', params: 'schema', sampleType: 'function', prepare: 'function' },
  seedSources: { type: 'text', schema: 'schema', open: 'function', stamp: 'function' },
  seedFormats: { name: 'text', endings: 'list', open: 'function' },
  validators: { type: 'text', params: 'schema', describe: 'function' },
  processors: { type: 'text', by: 'text', schema: 'schema' },
  providers: { type: 'text', open: 'function' },
  exporters: { name: 'text', endings: 'list', header: 'function', line: 'function' },
}

const fields = ['name', 'version', ...Object.keys(families)]

/** Types are missing where a plugin is loaded, so what it exports is looked at; null where it is one. */
export function pluginFinding(value: unknown): PluginFinding | null {
  if (!isObject(value)) {
    return { message: `it is ${kindOfValue(value)} instead of a plugin`, suggestion: howTo }
  }
  // A property by a symbol that only `definePlugin` sets.
  const made = (value as { [interfaceKey]?: number })[interfaceKey] ?? pluginInterface
  if (made !== pluginInterface) {
    return {
      message: `it is made for version ${made} of the plugin interface, and this rowsmith has version ${pluginInterface}`,
      suggestion: 'Install versions of rowsmith and of the plugin that go together.',
    }
  }
  if (typeof value['name'] !== 'string' || value['name'] === '') {
    return { message: "it has no 'name'", suggestion: howTo }
  }
  const { version } = value
  if (version !== undefined && typeof version !== 'string') {
    return { message: `its version is ${kindOfValue(version)} instead of text`, suggestion: howTo }
  }
  for (const key of Object.keys(value)) {
    if (fields.includes(key)) continue
    const near = nearest(key, fields)
    return {
      message: `it has the unknown field '${key}'`,
      suggestion:
        near === undefined ? `It may have ${fields.join(', ')}.` : `Did you mean '${near}'?`,
    }
  }
  for (const [family, members] of Object.entries(families)) {
    const finding = familyFinding(family, value[family], members)
    if (finding !== null) return finding
  }
  return null
}

/** The same, for what continues with it. */
export function isPlugin(value: unknown): value is Plugin {
  return pluginFinding(value) === null
}

function familyFinding(
  family: string,
  kinds: unknown,
  members: Readonly<Record<string, Member>>,
): PluginFinding | null {
  if (kinds === undefined) return null
  const suggestion = `Put the result of the family's define function into '${family}'.`
  if (!Array.isArray(kinds)) {
    return { message: `its '${family}' is ${kindOfValue(kinds)} instead of a list`, suggestion }
  }
  for (const [index, kind] of kinds.entries()) {
    const lacking = Object.entries({ ...members, ...further(family, kind) }).find(
      ([name, member]) => !isObject(kind) || !isMember[member](kind[name]),
    )
    if (lacking === undefined) continue
    const [name, member] = lacking
    return {
      message: `${family}[${index}] has no ${name} that is ${articleFor(member)}${member}`,
      suggestion,
    }
  }
  return null
}

function articleFor(member: Member): string {
  if (member === 'row or records') return ''
  return member === 'object' ? 'an ' : 'a '
}

/** What a processor has in addition to that, by what it works on. */
function further(family: string, kind: unknown): Readonly<Record<string, Member>> {
  if (family !== 'processors' || !isObject(kind)) return {}
  if (kind['by'] === 'row') return { column: 'object' }
  if (kind['by'] !== 'records') return { by: 'row or records' }
  return kind['keepsRecords'] === true
    ? { output: 'function' }
    : { output: 'function', run: 'function' }
}

const isMember: Readonly<Record<Member, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string' && value !== '',
  list: Array.isArray,
  function: (value) => typeof value === 'function',
  object: isObject,
  'row or records': (value) => value === 'row' || value === 'records',
  schema: (value) => isObject(value) && typeof value['safeParse'] === 'function',
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOfValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

const howTo =
  "Its module must contain: export default definePlugin({ name: '…', … }), from 'rowsmith/plugin'."
