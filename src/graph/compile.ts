import type { Problem } from '../config/problem.ts'
import { buildGraph } from './build.ts'
import { checkDrops, checkUnused } from './check-drops.ts'
import { checkFields } from './check-fields.ts'
import { checkProfilers, compareScores } from './check-report-parts.ts'
import { parseConditions } from './conditions.ts'
import { constrainColumns } from './constrain-columns.ts'
import { checkTools } from './check-tools.ts'
import { findCycles } from './cycles.ts'
import { checkRoutes, describeColumns, nameColumns } from './describe-columns.ts'
import { type CompileInput, createDraft, type Pass } from './draft.ts'
import { addGates } from './gates.ts'
import type { Graph } from './graph.ts'
import { guessReferences } from './guess-references.ts'
import { addSeedColumns, checkNames, findKinds, parseColumns } from './parse-columns.ts'
import { addFilters, checkSelection, parseProcessors, processColumns } from './parse-processors.ts'
import { resolveReferences } from './resolve-references.ts'
import { hintAtNames } from './writable-name.ts'

export interface Compiled {
  /** Null when there is an error among the problems, or a column the loader could not read. */
  graph: Graph | null
  /** Everything wrong with the columns, warnings included, by pass and then in config order. */
  problems: readonly Problem[]
}

// Each pass looks at what could be read of every column, and takes no consequence of a mistake for
// another one: each mistake is one problem, and none hides another.
const passes: readonly Pass[] = [
  parseProcessors,
  addSeedColumns,
  checkNames,
  findKinds,
  parseColumns,
  constrainColumns,
  addFilters,
  describeColumns,
  nameColumns,
  guessReferences,
  parseConditions,
  resolveReferences,
  checkFields,
  checkRoutes,
  checkTools,
  findCycles,
  processColumns,
  checkSelection,
  checkProfilers,
  compareScores,
  checkDrops,
  checkUnused,
]

/** Compiles a config into what runs, or says all that is wrong with it. */
export function compile(input: CompileInput): Compiled {
  const draft = createDraft(input)
  const problems = hintAtNames(
    passes.flatMap((pass) => pass(draft)),
    draft,
  )
  // The loader has already reported what it refused in a column.
  const failed =
    problems.some(({ level }) => level === 'error') || draft.columns.some(({ isSound }) => !isSound)
  if (failed) return { graph: null, problems }
  addGates(draft)
  return { graph: buildGraph(draft), problems }
}
