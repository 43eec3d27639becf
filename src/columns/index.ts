import type { ColumnKind } from '../graph/kind.ts'
import { custom } from './custom.ts'
import { embedding } from './embedding.ts'
import { expression } from './expression.ts'
import { image } from './image.ts'
import { llmCode } from './llm-code.ts'
import { llmJudge } from './llm-judge.ts'
import { llmStructured } from './llm-structured.ts'
import { llmText } from './llm-text.ts'
import { seedDataset } from './seed-dataset.ts'

/** The built-in column kinds, in addition to `sampler`, which is made of the samplers. */
export const columns: readonly ColumnKind[] = [
  seedDataset,
  expression,
  llmText,
  llmCode,
  llmStructured,
  llmJudge,
  custom,
  embedding,
  image,
]
