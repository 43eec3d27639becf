import { found, numberFor, scriptedModel } from '../scripted-model.ts'

interface Topic {
  topic: string
  passage: string
  page: number
  questions: readonly string[]
}

const topics: readonly Topic[] = [
  {
    topic: 'drive',
    passage: 'a cable holds it, and the current alone pushes it across',
    page: 1,
    questions: ['What moves the Lindow ferry?', 'Why does it need no engine?'],
  },
  {
    topic: 'crossing time',
    passage: 'A crossing takes six minutes at normal water',
    page: 1,
    questions: ['How long is a crossing?', 'When is the ferry faster than usual?'],
  },
  {
    topic: 'high water',
    passage: 'the current would then pull too strongly on the cable',
    page: 2,
    questions: [
      'What stops the service when the river is high?',
      'Which danger do 3.40 metres mean?',
    ],
  },
  {
    topic: 'capacity',
    passage: 'It carries at most eight cars or sixty passengers.',
    page: 2,
    questions: ['How many vehicles fit on board?', 'Is there room for seventy people?'],
  },
  {
    topic: 'bicycles',
    passage: 'a bicycle is carried free of charge',
    page: 3,
    questions: ['What do cyclists pay for their bikes?', 'Who travels cheaper, a bike or a car?'],
  },
  {
    topic: 'ticket books',
    // Over the end of a line.
    passage: 'a car costs five euros with its driver. A book of ten tickets costs fifteen euros',
    page: 3,
    questions: ['How much is saved with ten tickets?', 'Does buying in advance pay?'],
  },
  {
    topic: 'cable',
    passage: 'The cable is replaced every twelve years',
    page: 4,
    questions: [
      'In which year is a new cable due?',
      'How often do they replace the rope of steel?',
    ],
  },
]

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('List the topics')) {
    return JSON.stringify({ topics: topics.map(({ topic }) => topic) })
  }
  const wanted = found(/about "(.+)"/, prompt)
  const given = topics.find(({ topic }) => topic === wanted)
  if (given === undefined) throw new Error(`there is no topic ${wanted}`)
  const { passage, page, questions } = given
  // Some passages are not word for word, some cite another page.
  const fault = numberFor(prompt, 6)
  return JSON.stringify({
    question: questions[numberFor(prompt, 2)],
    answer: passage,
    passage: fault === 0 ? `${passage}, mostly` : passage,
    page: fault === 1 ? (page % 4) + 1 : page,
  })
})
