import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseTemplate } from '../src/templates/parse-template.ts'
import { parseJson } from '../src/util/json.ts'
import type { Value } from '../src/util/value.ts'
import { type Figure, keep, median } from './harness.ts'

// Rendering a parsed template, in addition to Python's Jinja2 in the same run. PYTHON names an interpreter
// that has jinja2; both sides count the processor time of their own process.

const prompt =
  'You are a {{ role }} who writes for {{ audience }}.\n' +
  'Write {{ count }} sentences about {{ topic }} in a {{ tone }} tone.\n' +
  'Answer with the text alone.'

const heavy = `You are {{ persona.name | title }}, {{ persona.address.city | default('nowhere') }}.
{% if score > 7.5 %}Be proud{% elif score > 3 %}Be calm{% else %}Be kind{% endif %}; {{ mood | upper }}.
{% for tag in tags %}{{ loop.index }}. {{ tag | upper }}{% if not loop.last %}, {% endif %}{% endfor %}
{{ tags | join(' / ') }} ({{ tags | length }}), {{ missing | default('none') }}
{{ options | tojson }}`

const templates = { prompt, heavy }
const sides = [
  'rowsmith prompt',
  'plain prompt',
  'sandboxed prompt',
  'rowsmith heavy',
  'plain heavy',
  'sandboxed heavy',
] as const
type Side = (typeof sides)[number]

const contextCount = 500
/** Renders of all contexts in one turn of a side. */
const passes = 8
const turns = 11
const warmTurns = 3

export async function run(): Promise<readonly Figure[]> {
  const text = contextsText()
  const contexts = asContexts(parseJson(text))
  await using peer = await startPeer(text)
  if (peer !== null) compareTexts(peer.texts, contexts)
  const times = new Map<Side, number[]>(sides.map((side) => [side, []]))
  for (let turn = -warmTurns; turn < turns; turn += 1) {
    for (const side of turn % 2 === 0 ? sides : sides.toReversed()) {
      const took = await takeTurn(side, contexts, peer)
      if (took !== null && turn >= 0) times.get(side)?.push(took)
    }
  }
  return figures((side) => median(times.get(side) ?? []), peer)
}

function figures(micros: (side: Side) => number, peer: Peer | null): Figure[] {
  const shown: Figure[] = []
  for (const name of ['prompt', 'heavy'] as const) {
    const label = name === 'prompt' ? 'a prompt of five variables' : 'the heavier template'
    const own = micros(`rowsmith ${name}`)
    shown.push({ name: label, value: own, unit: 'µs' })
    if (peer === null) continue
    const plain = micros(`plain ${name}`)
    shown.push(
      { name: `${label}, Jinja2`, value: plain, unit: 'µs', note: peer.version },
      { name: `${label}, Jinja2 sandboxed`, value: micros(`sandboxed ${name}`), unit: 'µs' },
      {
        name: `${label}, times as fast as Jinja2`,
        value: plain / own,
        unit: '×',
        ...(name === 'prompt' ? { atLeast: 3 } : {}),
      },
    )
  }
  for (const [name, source] of Object.entries(templates)) {
    const started = process.cpuUsage()
    for (let index = 0; index < 1000; index += 1) keep(parseTemplate(source))
    shown.push({ name: `parsing ${name}`, value: spent(started) / 1000, unit: 'µs' })
  }
  return shown
}

async function takeTurn(
  side: Side,
  contexts: readonly ReadonlyMap<string, Value>[],
  peer: Peer | null,
): Promise<number | null> {
  const [who, name] = side.split(' ')
  if (who !== 'rowsmith') return peer === null ? null : peer.render(side)
  return renderOwn(parsed[name === 'heavy' ? 'heavy' : 'prompt'], contexts)
}

const parsed = {
  prompt: parseTemplate(templates.prompt),
  // Jinja2 takes the name that is not there as empty.
  heavy: parseTemplate(templates.heavy, { missing: 'lenient' }),
}

function renderOwn(
  template: ReturnType<typeof parseTemplate>,
  contexts: readonly ReadonlyMap<string, Value>[],
): number {
  const started = process.cpuUsage()
  let characters = 0
  for (let pass = 0; pass < passes; pass += 1) {
    for (const context of contexts) characters += flatLength(template.render(context))
  }
  keep(characters)
  return spent(started) / (passes * contexts.length)
}

/** The length of a text that was really put together: a rope is only a promise of one. */
function flatLength(text: string): number {
  return text.length + (text.charCodeAt(text.length >>> 1) & 0)
}

/** Processor time since, in microseconds. */
function spent(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return user + system
}

function contextsText(): string {
  const words = ['tides', 'volcanoes', 'auroras', 'deserts', 'glaciers']
  const rows = Array.from({ length: contextCount }, (_, index) => {
    const word = words[index % words.length]
    return (
      `{"role": "teacher ${index}", "audience": "children", "count": ${(index % 5) + 1}, ` +
      `"topic": "${word}", "tone": "warm", "mood": "bright ${index}", "score": ${index % 11}.0, ` +
      `"tags": ["${word}", "sea", "n${index}"], ` +
      `"persona": {"name": "ada lovelace", "address": {"city": "london ${index}"}}, ` +
      `"options": {"b": [1, 2.5, null], "a": {"ok": true, "w": "${word}"}}}`
    )
  })
  return `[${rows.join(',')}]`
}

function asContexts(value: Value): ReadonlyMap<string, Value>[] {
  const rows: readonly Value[] = Array.isArray(value) ? value : []
  return rows.filter((row) => row instanceof Map)
}

interface Peer extends AsyncDisposable {
  version: string
  texts: Readonly<Record<string, string>>
  /** Microseconds of one render. */
  render(side: Side): Promise<number>
}

/** Starts Python; null, with a line that says so, where it or jinja2 is not there. */
async function startPeer(contexts: string): Promise<Peer | null> {
  const python = process.env['PYTHON'] ?? 'python3'
  const script = fileURLToPath(new URL('peers/jinja.py', import.meta.url))
  const child = spawn(python, ['-B', script], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ask = askerOf(child)
  const work = `{"templates": ${JSON.stringify(templates)}, "rounds": ${passes}, "contexts": ${contexts}}`
  const first = await ask(work).catch((error: Error) => error)
  if (first instanceof Error) {
    console.log(`templates: no comparison, ${python} has no jinja2 (${first.message})`)
    return null
  }
  const {
    jinja2,
    python: version,
    texts,
  } = JSON.parse(first) as {
    jinja2: string
    python: string
    texts: Record<string, string>
  }
  return {
    version: `Jinja2 ${jinja2}, Python ${version}`,
    texts,
    async render(side) {
      const { microseconds } = JSON.parse(await ask(JSON.stringify(side))) as {
        microseconds: number
      }
      return microseconds
    },
    async [Symbol.asyncDispose]() {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
    },
  }
}

/** Sends a line and waits for the line that answers it. */
function askerOf(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
): (line: string) => Promise<string> {
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', () => reject(new Error(told.trim().split('\n').at(-1))))
  })
  // Only whoever asks learns of it.
  failed.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  return async (line) => {
    child.stdin.write(`${line}\n`)
    const answer = await Promise.race([lines.next(), failed])
    if (answer.done === true) return failed
    return answer.value
  }
}

/** Figures of different texts would compare nothing. */
function compareTexts(
  texts: Readonly<Record<string, string>>,
  [first = new Map<string, Value>()]: readonly ReadonlyMap<string, Value>[],
): void {
  for (const name of ['prompt', 'heavy'] as const) {
    const own = parsed[name].render(first)
    const theirs = texts[`plain ${name}`]
    if (own !== theirs) throw new Error(`${name}: Jinja2 renders\n${theirs}\nand rowsmith\n${own}`)
  }
}
