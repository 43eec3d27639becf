import { numberFor, pick, scriptedModel } from '../scripted-model.ts'

const solutions = {
  // Works.
  right: 'def solve(numbers):\n    return sum(number for number in numbers if number > 0)',
  // Passes the parser and fails its tests.
  wrong: 'def solve(numbers):\n    return sum(numbers)',
  // Would read a file of this machine.
  prying: 'def solve(numbers):\n    return len(open("/etc/shadow").read())',
  // No Python.
  broken: 'def solve(numbers)\n    return numbers',
}

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('Invent an exercise')) {
    const bound = numberFor(prompt, 1_000)
    return JSON.stringify({
      instruction: `Write a function that adds the positive numbers of a list (case ${bound}).`,
      tests: `assert solve([]) == 0\nassert solve([${bound}, -3]) == ${bound}\nassert solve([1, 2]) == 3`,
    })
  }
  if (prompt.startsWith('Task:')) {
    const score = { reasoning: 'It is short and clear.', score: '4' }
    return JSON.stringify({
      relevance: score,
      pythonic: score,
      readability: score,
      efficiency: score,
    })
  }
  const names = ['right', 'right', 'right', 'right', 'wrong', 'wrong', 'prying', 'broken'] as const
  const code = solutions[pick(names, prompt)]
  return `Here it is:\n\n\`\`\`python\n${code}\n\`\`\``
})
