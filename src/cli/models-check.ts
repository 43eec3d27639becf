import { basename, extname } from 'node:path'
import { formatProblems } from '../config/format-problems.ts'
import { type ModelAnswer, type ToolAnswer, tryModels } from '../run/try-models.ts'
import { counted, duration } from '../util/format.ts'
import { jsonLine, visible, visibleLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { textWidth } from './report-run.ts'
import { createScreen, type Screen } from './terminal.ts'
import { createWatch } from './watch.ts'
import { wrap } from './width.ts'
import { withExcerpts } from './with-excerpts.ts'

export interface ModelsCheckOptions {
  providers?: string
  mcpProviders?: string
  toolConfigs?: string
  modelConfigs?: string
  plugin?: readonly string[]
  json?: true
}

export async function runModelsCheck(
  config: string | undefined,
  { json, providers, mcpProviders, toolConfigs, modelConfigs, plugin }: ModelsCheckOptions,
): Promise<ExitCode> {
  const screen = createScreen(process.stderr)
  using watch = createWatch({
    screen,
    name: config === undefined ? 'models' : basename(config, extname(config)),
    begin: 'asking the models',
    tellsFolder: false,
  })
  try {
    const result = await tryModels({
      config,
      providersFile: providers,
      mcpProvidersFile: mcpProviders,
      toolConfigsFile: toolConfigs,
      modelConfigsFile: modelConfigs,
      plugins: plugin,
      signal: watch.signal,
      onEvent: watch.onEvent,
      onModel: (answer) => {
        if (json !== true) for (const line of modelLines(answer, screen)) screen.print(line)
      },
    })
    watch[Symbol.dispose]()
    const { ok, models, tools, problems } = result
    if (json === true) process.stdout.write(jsonLine({ ok, models, tools, problems }))
    else if (problems.length > 0) {
      screen.print(visible(formatProblems(screen.live ? withExcerpts(problems) : problems)))
    } else {
      for (const line of tools.flatMap((answer) => toolLines(answer, screen))) screen.print(line)
      if (models.length + tools.length === 0) screen.print(nothingText(config))
    }
    return codeOf(result)
  } catch (error) {
    if (watch.signal.aborted && error === watch.signal.reason) return exitCodes.interrupted
    throw error
  }
}

function codeOf({ ok, models, tools, problems }: Awaited<ReturnType<typeof tryModels>>): ExitCode {
  if (ok) return exitCodes.ok
  const codes = [...models, ...tools].flatMap(({ error }) => error?.code ?? [])
  const isOwn = (code: string): boolean => code === 'secret-missing' || code === 'secret-invalid'
  return problems.length > 0 || codes.some(isOwn) ? exitCodes.usage : exitCodes.stopped
}

function nothingText(config: string | undefined): string {
  return config === undefined
    ? 'No key of a known provider is set: NVIDIA_API_KEY, OPENAI_API_KEY or OPENROUTER_API_KEY.'
    : `${visibleLine(config)} uses no models and no tools.`
}

function modelLines(answer: ModelAnswer, screen: Screen): string[] {
  const { alias, model, provider, endpoint, key, seconds, error } = answer
  const where = endpoint === null || endpoint === provider ? provider : `${provider}, ${endpoint}`
  const keyText =
    key === null ? 'no key' : `key in ${key.variable}${key.set ? '' : ', which is not set'}`
  return [
    visibleLine(`${alias}  ${model} (${where}; ${keyText})`),
    ...outcomeLines(error, `ready, ${duration(seconds)}`, screen),
  ]
}

function toolLines({ alias, servers, error }: ToolAnswer, screen: Screen): string[] {
  const listed = servers.map(({ name, tools }) => `${name}: ${counted(tools, 'tool')}`)
  return [`tools ${visibleLine(alias)}`, ...outcomeLines(error, listed.join(', '), screen)]
}

function outcomeLines(error: ModelAnswer['error'], ready: string, screen: Screen): string[] {
  if (error === null) return [`  ${screen.style('green', visibleLine(ready))}`]
  const lines = wrap(
    `${error.code}: ${visible(error.message)}`,
    Math.max(20, textWidth(screen) - 2),
  )
  return lines.map((line) => `  ${screen.style('red', line)}`)
}
