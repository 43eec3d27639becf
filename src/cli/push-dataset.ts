import { basename } from 'node:path'
import { open } from '../run/open-dataset.ts'
import { counted, size } from '../util/format.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { createScreen } from './terminal.ts'
import { createWaiting } from './watch.ts'

export interface PushWords {
  private?: true
  revision?: string
  message?: string
  create: boolean
  withRun?: true
  force?: true
  dryRun?: true
  tokenEnv?: string
  plugin?: readonly string[]
  json?: true
}

export async function runPush(
  directory: string,
  repository: string,
  { plugin = [], json, ...options }: PushWords,
): Promise<ExitCode> {
  const screen = createScreen(process.stderr)
  using waiting = createWaiting({
    screen,
    name: basename(directory),
    begin: 'comparing it with the Hub',
  })
  await using dataset = await open(directory, { plugins: plugin })
  const pushed = await dataset.push(repository, { ...options, onEvent: waiting.onEvent })
  waiting[Symbol.dispose]()
  if (json === true) {
    process.stdout.write(jsonLine(pushed))
    return exitCodes.ok
  }
  const { url, revision, created, sent, unchanged, removed } = pushed
  const would = options.dryRun === true
  const bytes = sent.reduce((sum, file) => sum + file.bytes, 0)
  if (would)
    for (const { path, bytes: of } of sent) screen.print(`${visibleLine(path)}  ${size(of)}`)
  const facts = [
    ...(created ? [would ? 'would create it' : 'created'] : []),
    sent.length === 0
      ? 'nothing to send'
      : `${counted(sent.length, 'file')} ${would ? 'would be sent' : 'sent'} (${size(bytes)})`,
    ...(unchanged > 0 ? [`${counted(unchanged, 'file')} unchanged`] : []),
    ...(removed.length > 0
      ? [`${counted(removed.length, 'file')} ${would ? 'would be removed' : 'removed'}`]
      : []),
  ]
  const branch = revision === 'main' ? '' : ` (${visibleLine(revision)})`
  screen.print(`${url}${branch}: ${facts.join(', ')}`)
  return exitCodes.ok
}
