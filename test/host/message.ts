import type { Readable } from 'node:stream'

/*
 * How a program is asked for, and what it answers, in a form that a shell can write and read, too.
 *
 * A request is texts, each with a NUL behind it: the folder, stdin as base64, how many parameters there are, the
 * parameters with the program first, variables as NAME=VALUE, and an empty one at the end. An
 * answer is pieces of output, each behind a line with the number of the stream and the bytes, and at last a
 * line with 0 and the exit code.
 */

/** A program to be run, and what it would find in a separate process. */
export interface Request {
  directory: string
  /** What it reads from stdin. */
  input: Buffer
  /** A module, and the words behind it. */
  parameters: readonly string[]
  environment: Readonly<Record<string, string>>
}

export function writeRequest({ directory, input, parameters, environment }: Request): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const words = [directory, input.toString('base64'), String(parameters.length), ...parameters]
  return [...words, ...variables, ''].map((text) => `${text}\0`).join('')
}

export async function readRequest(stream: Readable): Promise<Request> {
  let text = ''
  stream.setEncoding('utf8')
  for await (const piece of stream.iterator({ destroyOnReturn: false })) {
    text += String(piece)
    const request = requestIn(text)
    if (request !== null) return request
  }
  throw new Error(`a request ended in its middle: ${JSON.stringify(text)}`)
}

/** Null while its end has not arrived. */
function requestIn(text: string): Request | null {
  const [directory = '', input = '', count = '', ...others] = text.split('\0')
  const parameters = others.slice(0, Number(count))
  const variables = others.slice(parameters.length)
  // Behind the last NUL there is always one more text.
  const end = variables.indexOf('')
  if (parameters.length < Number(count) || end < 0 || end === variables.length - 1) return null
  return {
    directory,
    input: Buffer.from(input, 'base64'),
    parameters,
    environment: Object.fromEntries(
      variables.slice(0, end).map((variable) => {
        const at = variable.indexOf('=')
        return [variable.slice(0, at), variable.slice(at + 1)]
      }),
    ),
  }
}

export function writePiece(stream: 1 | 2, piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${stream} ${piece.length}\n`), piece])
}

export function writeCode(code: number): string {
  return `0 ${code}\n`
}

/** How a program ended, with all it wrote. */
export interface Answer {
  code: number
  stdout: string
  stderr: string
  /** Both streams, in the order they were written. */
  output: string
}

export async function readAnswer(stream: Readable): Promise<Answer> {
  const bytes = Buffer.concat(await stream.toArray())
  const pieces: { from: number; piece: Buffer }[] = []
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf('\n', at)
    const [from = Number.NaN, number = Number.NaN] = bytes
      .toString('latin1', at, end)
      .split(' ')
      .map(Number)
    if (from === 0) {
      const textOf = (streams: number[]): string =>
        Buffer.concat(
          pieces.filter((one) => streams.includes(one.from)).map(({ piece }) => piece),
        ).toString()
      return { code: number, stdout: textOf([1]), stderr: textOf([2]), output: textOf([1, 2]) }
    }
    at = end + 1 + number
    pieces.push({ from, piece: bytes.subarray(end + 1, at) })
  }
  throw new Error(`the program ended its host, by process.exit or a signal:\n${bytes.toString()}`)
}
