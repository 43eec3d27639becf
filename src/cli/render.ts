import { text } from 'node:stream/consumers'
import { formatProblems } from '../config/format-problems.ts'
import type { Problem } from '../config/problem.ts'
import {
  listVariables,
  render,
  type RenderedPart,
  type Rendering,
  type RenderSource,
  type TemplateVariable,
} from '../render/render.ts'
import { holdsColumns } from '../check/sources.ts'
import { RowsmithError } from '../util/errors.ts'
import { jsonLine, visible } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

export interface RenderCommandOptions {
  column?: string
  plugin?: readonly string[]
  data?: string
  row?: number
  seed?: bigint
  vars?: true
  json?: true
  tools?: true
  mcpProviders?: string
  toolConfigs?: string
  modelConfigs?: string
}

export async function runRender(file: string, options: RenderCommandOptions): Promise<ExitCode> {
  const source = await sourceOf(file, options)
  return options.vars === true ? showVariables(source, options) : showTexts(source, options)
}

async function sourceOf(
  file: string,
  {
    column,
    plugin: plugins = [],
    tools,
    mcpProviders,
    toolConfigs,
    modelConfigs,
  }: RenderCommandOptions,
): Promise<RenderSource> {
  if (column !== undefined) {
    return {
      config: file,
      column,
      plugins,
      tools: tools === true,
      ...(mcpProviders === undefined ? {} : { mcpProvidersFile: mcpProviders }),
      ...(toolConfigs === undefined ? {} : { toolConfigsFile: toolConfigs }),
      ...(modelConfigs === undefined ? {} : { modelConfigsFile: modelConfigs }),
    }
  }
  const names = await holdsColumns(file)
  if (names === null) return { template: file }
  throw new RowsmithError(
    'usage',
    `${file} is a config: expected --column with one of its columns`,
    {
      hints: [`It has ${names.join(', ')}.`],
    },
  )
}

async function showVariables(source: RenderSource, { json }: { json?: true }): Promise<ExitCode> {
  const { variables, problems } = await listVariables(source)
  if (json) process.stdout.write(jsonLine({ ok: problems.length === 0, variables, problems }))
  else {
    print(variableLines(variables))
    complain(problems)
  }
  return problems.length === 0 ? exitCodes.ok : exitCodes.usage
}

/** One line each: the name, then the place, so that scripts can cut the names off. */
function variableLines(variables: readonly TemplateVariable[]): string {
  const width = Math.max(0, ...variables.map(({ name }) => name.length))
  return variables
    .map(({ name, file, line, column, field }) => {
      const place = `${name.padEnd(width)}  ${file}:${line}:${column}`
      return `${field === 'template' ? place : `${place}  ${field}`}\n`
    })
    .join('')
}

async function showTexts(
  source: RenderSource,
  { data, row, seed, json }: RenderCommandOptions,
): Promise<ExitCode> {
  const rendering = await render({
    ...source,
    ...(data === undefined
      ? {}
      : { data: data === '-' ? { text: await text(process.stdin), file: '(stdin)' } : data }),
    ...(row === undefined ? {} : { row }),
    ...(seed === undefined ? {} : { seed }),
  })
  if (json) process.stdout.write(jsonOf(rendering))
  else {
    print(textOf(rendering))
    complain(rendering.problems)
  }
  return rendering.ok ? exitCodes.ok : exitCodes.usage
}

function jsonOf({ seed, ...rest }: Rendering): string {
  return jsonLine({ ...rest, seed: String(seed) })
}

/** One text alone is printed as it is; several get a title each. */
function textOf({ rows, ok }: Rendering): string {
  const isOne = rows.length === 1 && ok
  const titled = rows.flatMap(({ row, parts }) =>
    parts.map((part) => ({ ...part, title: titleOf(isOne ? null : row, part) })),
  )
  const [only] = titled
  if (isOne && titled.length === 1 && only !== undefined) return onOwnLine(only.text)
  return titled.map(({ title, text: body }) => `--- ${title}\n${endedLine(body)}`).join('')
}

function titleOf(row: number | null, part: RenderedPart): string {
  const { field } = part
  const what = [...(row === null ? [] : [`row ${row}`]), ...(field === 'template' ? [] : [field])]
  return what.join(', ') + decisionOf(part)
}

function decisionOf({ skips, keeps }: RenderedPart): string {
  if (skips !== undefined) return skips ? ' (skips the row)' : ' (does not skip the row)'
  if (keeps !== undefined) return keeps ? ' (keeps the row)' : ' (rejects the row)'
  return ''
}

/** A shell's prompt begins on a separate line; files and pipes get the text and nothing else. */
function onOwnLine(body: string): string {
  return process.stdout.isTTY ? endedLine(body) : body
}

function endedLine(body: string): string {
  return body === '' || body.endsWith('\n') ? body : `${body}\n`
}

/** Files and pipes get the very text; a terminal would act on what steers it. */
function print(output: string): void {
  process.stdout.write(process.stdout.isTTY ? visible(output) : output)
}

function complain(problems: readonly Problem[]): void {
  if (problems.length > 0) process.stderr.write(`${visible(formatProblems(problems))}\n`)
}
