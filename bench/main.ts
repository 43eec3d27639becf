import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Bench, Figure } from './harness.ts'

// npm run bench [name…]: runs the named benches, or all; a figure over its limit exits 1.

const folder = new URL('./', import.meta.url)
const notBenches = new Set(['main.ts', 'harness.ts'])

const { positionals } = parseArgs({ allowPositionals: true })
process.exitCode = await main(positionals)

async function main(wanted: readonly string[]): Promise<number> {
  const known = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !notBenches.has(file))
    .map((file) => file.slice(0, -'.ts'.length))
    .toSorted()
  const unknown = wanted.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`expected one of ${known.join(', ')}, got ${unknown.join(', ')}`)
    return 2
  }
  let missed = 0
  for (const name of wanted.length > 0 ? wanted : known) {
    // Every file here that is not the harness exports `run`.
    const bench = (await import(new URL(`${name}.ts`, folder).href)) as Bench
    const loadBefore = load()
    const figures = await bench.run()
    print(name, figures)
    record(name, figures, loadBefore)
    missed += figures.filter(isMissed).length
  }
  return missed > 0 ? 1 : 0
}

function isMissed({ value, limit = Infinity, atLeast = -Infinity }: Figure): boolean {
  // Not the other way round: a figure that is not a number is missed as well.
  return !(value <= limit && value >= atLeast)
}

function bounds({ limit, atLeast }: Figure): string {
  const texts = [
    ...(atLeast === undefined ? [] : [`≥ ${short(atLeast)}`]),
    ...(limit === undefined ? [] : [`≤ ${short(limit)}`]),
  ]
  return texts.join(', ')
}

function print(name: string, figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    `${short(figure.value)} ${figure.unit}`,
    bounds(figure),
    isMissed(figure) ? 'MISSED' : '',
    figure.note ?? '',
  ])
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0), 0),
  )
  console.log(`\n${name}`)
  for (const row of rows) {
    const line = row.map((text, column) =>
      column === 1 ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0),
    )
    console.log(`  ${line.join('  ').trimEnd()}`)
  }
}

function short(value: number): string {
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : String(Number(value.toPrecision(3)))
}

function record(name: string, figures: readonly Figure[], loadBefore: number): void {
  const results = new URL('results/', folder)
  mkdirSync(results, { recursive: true })
  const [processor] = cpus()
  const report = {
    bench: name,
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    v8: process.versions.v8,
    machine: {
      platform: `${process.platform} ${process.arch}`,
      processor: processor?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
    },
    // Over one minute; a busy machine explains an odd figure.
    loadAverage: { before: loadBefore, after: load() },
    figures,
  }
  writeFileSync(new URL(`${name}.json`, results), `${JSON.stringify(report, null, 2)}\n`)
}

function load(): number {
  return loadavg()[0] ?? 0
}

/** The commit measured, with a `+` when files differ from it; null outside a git checkout. */
function commit(): string | null {
  try {
    const head = git('rev-parse', 'HEAD')
    return git('status', '--porcelain') === '' ? head : `${head}+`
  } catch {
    // No git, no repository or no commit yet: the figures stand without it.
    return null
  }
}

function git(...args: string[]): string {
  const cwd = fileURLToPath(folder)
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}
