/** The lines of a text that comes in pieces, without their ends; empty ones are omitted. */
export async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  { longest }: { longest: number },
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let started: string[] = []
  let length = 0
  for await (const bytes of body) {
    const pieces = decoder.decode(bytes, { stream: true }).split('\n')
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      const line = started.join('') + piece
      started = []
      length = 0
      if (line.trim() !== '') yield line
    }
    started.push(last)
    length += last.length
    if (length > longest) throw new RangeError(`a line of more than ${longest} characters`)
  }
  const line = started.join('') + decoder.decode()
  if (line.trim() !== '') yield line
}
