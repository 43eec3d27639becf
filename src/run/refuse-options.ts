import type { ValidateOptions } from '../check/validate.ts'
import { refuseUnknown } from '../util/refuse-unknown.ts'
import type { PreviewOptions } from './preview.ts'
import type { RunOptions } from './run.ts'

// The compiler keeps these lists whole: an option that is added to a type must be added here.

const previewOptions: Record<keyof PreviewOptions, true> = {
  cache: true,
  clock: true,
  config: true,
  environment: true,
  events: true,
  keepsUsage: true,
  maxCost: true,
  mcpProvidersFile: true,
  modelConfigsFile: true,
  onEvent: true,
  onRequest: true,
  onStart: true,
  plugins: true,
  providersFile: true,
  repair: true,
  replay: true,
  rows: true,
  runConfig: true,
  seed: true,
  signal: true,
  toolConfigsFile: true,
}

const { onStart: _onStart, keepsUsage: _keepsUsage, ...shared } = previewOptions

const runOptions: Record<keyof RunOptions, true> = {
  ...shared,
  cancelBatches: true,
  command: true,
  edit: true,
  keep: true,
  mode: true,
  out: true,
  retryDropped: true,
  retryFailed: true,
  shrink: true,
}

const validateOptions: Record<keyof ValidateOptions, true> = {
  clock: true,
  config: true,
  environment: true,
  keep: true,
  mcpProvidersFile: true,
  modelConfigsFile: true,
  onEvent: true,
  plugins: true,
  providersFile: true,
  requireKeys: true,
  runConfig: true,
  toolConfigsFile: true,
  withoutKeys: true,
}

const known = {
  create: runOptions,
  forecast: runOptions,
  start: runOptions,
  preview: previewOptions,
  validate: validateOptions,
}

/** Refuses options that a function of the library does not have, by their names. */
export function refuseOptions(options: object, caller: keyof typeof known): void {
  refuseUnknown(options, Object.keys(known[caller]), `${caller}()`)
}
