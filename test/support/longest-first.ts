import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where the files are that take longest: begun late, one of them would run alone at the end. */
const longest = [
  'test/docs.test.ts',
  'test/crash/',
  'test/edit/',
  'test/conformance/',
  'test/e2e/',
  'test/',
]

/** Begins with the files that take longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}

function rankOf({ moduleId, project }: TestSpecification): number {
  const path = moduleId.slice(project.config.root.length + 1)
  const found = longest.findIndex((start) => path.startsWith(start))
  return found < 0 ? longest.length : found
}
