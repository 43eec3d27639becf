/**
 * Commands of the pages that no test of the pages runs. Those of CI are run by `.ci/run` itself,
 * from a clean clone; the others take minutes, change the repository or install a package.
 */
export const coveredByCI = ['npm ci', 'npm run quickstart', 'npm test', 'npm run check'] as const

export const notRun = [
  'npm test -- src/plan',
  'PROPERTY_SEED=random npm test',
  'npm run build',
  'npm run schema',
  'npm run reference',
  'npm run docs:site',
  'npm run docs:images',
  'npm run docs:tour',
  'npm run package:check',
  'THOROUGH=1 npm test',
  'npm run format',
  'npm run test:models',
  'npm install @huggingface/hub',
  'npm run bench',
  'npm run bench plan',
  '.ci/run',
] as const

/** Commands in the folder of an example: test/examples/ runs them for each. */
const ofExamples = [
  'cp -r node_modules/rowsmith/examples .',
  'rowsmith create config.yaml -n 50',
  'rowsmith create config.yaml -n 50 --plugin ./scripted.ts --providers ../scripted.yaml',
] as const

/** A block without the lines that hold only such commands. */
export function withoutCoveredByCI(script: string): string {
  const passed: ReadonlySet<string> = new Set([...coveredByCI, ...notRun, ...ofExamples])
  return script
    .split('\n')
    .filter((line) => {
      const commands = line
        .replace(/(^|\s)#.*$/, '')
        .split('&&')
        .map((command) => command.trim())
      return commands.join('') === '' || !commands.every((command) => passed.has(command))
    })
    .join('\n')
}
