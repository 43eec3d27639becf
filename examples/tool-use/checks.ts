interface Message {
  role: string
  content: { type: string; text?: string }[]
}

export function factIsSupported(row: { fact: string; fact__trace: Message[] }) {
  return verdict(row.fact, row.fact__trace)
}

export function sumIsSupported(row: { sum: string; sum__trace: Message[] }) {
  return verdict(row.sum, row.sum__trace)
}

/** Whether an answer has numbers, and each of them stands in what a tool answered. */
function verdict(answer: string, trace: readonly Message[]) {
  const results = trace
    .filter(({ role }) => role === 'tool')
    .flatMap(({ content }) => numbersIn(content.map(({ text = '' }) => text).join(' ')))
  const numbers = numbersIn(answer)
  const missing = numbers.filter((number) => !results.includes(number))
  return {
    is_valid: numbers.length > 0 && missing.length === 0,
    error_messages: missing.map((number) => `no tool answered ${number}`).join('; '),
  }
}

function numbersIn(text: string): string[] {
  return text.replaceAll(/(\d),(?=\d{3})/g, '$1').match(/\d+(\.\d+)?/g) ?? []
}
