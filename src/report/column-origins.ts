import { isMapping } from '../config/literal.ts'
import type { ColumnOrigin } from '../profile/page-origins.ts'

/** What each column is made by, as the stored config has it: the model, the prompt and all else. */
export function columnOrigins(config: string): ColumnOrigin[] {
  const stored: unknown = JSON.parse(config)
  const models = new Map(
    listIn(stored, 'model_configs').map((model) => [textIn(model, 'alias') ?? '', model]),
  )
  return listIn(stored, 'columns').map((column) => ({
    column: textIn(column, 'name') ?? '',
    models: aliasesIn(column).flatMap((alias) => {
      const model = models.get(alias)
      return model === undefined ? [] : [modelOf(alias, model)]
    }),
    prompt: textIn(column, 'prompt'),
    systemPrompt: textIn(column, 'system_prompt'),
    config: JSON.stringify(column, null, 2),
  }))
}

/** Languages of the columns of code. */
export function codeLanguages(config: string): Map<string, string> {
  const stored: unknown = JSON.parse(config)
  return new Map(
    listIn(stored, 'columns').flatMap((column) => {
      const [name, language] = [textIn(column, 'name'), textIn(column, 'code_lang')]
      return name === null || language === null ? [] : [[name, language] as const]
    }),
  )
}

function modelOf(alias: string, model: object): ColumnOrigin['models'][number] {
  const pool = listIn(model, 'pool').flatMap((choice) => textIn(choice, 'model') ?? [])
  const parameters = fieldOf(model, 'inference_parameters')
  const set = isMapping(parameters)
    ? Object.entries(parameters).filter(([, value]) => value !== null)
    : []
  return {
    alias,
    model: pool.length > 0 ? pool.join(', ') : (textIn(model, 'model') ?? ''),
    parameters: set.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', '),
  }
}

/** Of `model_alias`, and of lists of them. */
function aliasesIn(column: object): string[] {
  return Object.entries(column).flatMap(([name, value]) =>
    /(?:^|_)model_alias(?:es)?$/.test(name)
      ? [value].flat().filter((one) => typeof one === 'string')
      : [],
  )
}

function listIn(value: unknown, name: string): object[] {
  const found = fieldOf(value, name)
  return Array.isArray(found)
    ? found.filter((one): one is object => typeof one === 'object' && one !== null)
    : []
}

function textIn(value: unknown, name: string): string | null {
  const found = fieldOf(value, name)
  return typeof found === 'string' ? found : null
}

function fieldOf(value: unknown, name: string): unknown {
  return isMapping(value) ? value[name] : undefined
}
