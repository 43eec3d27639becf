// oxlint-disable-next-line import/no-unassigned-import -- it has to run before what is imported below
import '../util/require-node.ts'
export type { ModelReply, ModelRequest, Usage } from '../graph/request.ts'
export { RequestError, type RequestProblem } from '../graph/request-error.ts'
export type { ModelTarget, Provider, ProviderContext, ProviderKind } from '../models/provider.ts'
export {
  scriptedProvider,
  type Script,
  type ScriptedAnswer,
  type ScriptedCall,
  type ScriptedOptions,
  type ScriptedProvider,
  type ScriptedRule,
} from './scripted.ts'
export {
  createModelServer,
  type ModelServer,
  type ModelServerOptions,
  type ServerAction,
  type ServerCall,
  type ServerCounts,
} from './model-server.ts'
export type {
  BatchAction,
  BatchCall,
  BatchCallAction,
  BatchedAnswer,
  BatchedRequest,
  BatchServerOptions,
  BatchStep,
  ServerBatch,
} from './batch-server.ts'
export { columnSuite, type ColumnSetup } from './column-suite.ts'
export type { ConformanceCase } from './conformance-case.ts'
export { exporterSuite } from './exporter-suite.ts'
export { processorSuite, type ProcessorSetup } from './processor-suite.ts'
export { providerSuite, type ProviderSetup } from './provider-suite.ts'
export { samplerSuite, type SamplerSetup } from './sampler-suite.ts'
export {
  seedFormatSuite,
  type SeedFormatSetup,
  seedSourceSuite,
  type SeedSourceSetup,
} from './seed-suite.ts'
export { validatorSuite, type ValidatorSetup } from './validator-suite.ts'
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.ts'
