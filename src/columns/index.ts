import type { ColumnKind } from '../graph/kind.ts'
import { expression } from './expression.ts'
import { llmCode } from './llm-code.ts'
import { llmJudge } from './llm-judge.ts'
import { llmStructured } from './llm-structured.ts'
import { llmText } from './llm-text.ts'
import { sampler } from './sampler.ts'
import { seedDataset } from './seed-dataset.ts'

/** The column kinds that come with rowsmith. */
const columns: readonly ColumnKind[] = [
  sampler,
  seedDataset,
  expression,
  llmText,
  llmCode,
  llmStructured,
  llmJudge,
]

/** The built-in kinds by `column_type`, as `compile` takes them; a plugin's join them there. */
export const columnKinds: ReadonlyMap<string, ColumnKind> = new Map(
  columns.map((kind) => [kind.type, kind]),
)
