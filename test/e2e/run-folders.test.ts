import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compareRuns, create, listRuns, start } from '../../src/index.ts'
import { comparePage } from '../../src/profile/compare-page.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'
import { pets, stories } from './configs.ts'

test('the runs of a folder are listed with their state, rows and cost, the latest first', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 5 })
  const runs = desk.path('runs')
  await expect(listRuns(runs)).rejects.toMatchObject({ code: 'run-missing' })
  const config = { config: stories({ url: server.url }) }
  const whole = await create({ config, rows: 4, out: desk.path('runs', 'whole') })
  await create({ config: { config: pets }, rows: 40, out: desk.path('runs', 'pets') })
  cpSync(whole.dir, desk.path('runs', 'broken'), { recursive: true })
  writeFileSync(desk.path('runs', 'broken', 'ledger.sqlite'), 'no database')
  await desk.write('runs/notes.txt', '')
  await using run = await start({ config, rows: 2000, out: desk.path('runs', 'now') })

  const listed = await listRuns(runs)
  expect(listed.map(({ dir, state }) => `${dir.slice(runs.length + 1)} ${state}`)).toEqual([
    'now at work',
    'pets complete',
    'whole complete',
    'broken unreadable',
  ])
  expect(listed[2]).toMatchObject({
    name: expect.any(String),
    rows: { requested: 4, accepted: 4, remaining: 0 },
    requests: 4,
    holder: null,
    problem: null,
  })
  expect(listed[0]).toMatchObject({ holder: { pid: process.pid } })
  expect(listed[3]?.problem).toContain('ledger.sqlite')
  expect(await listRuns(whole.dir)).toHaveLength(1)
  run.abort()
  await run.finished
  const shown = await desk.run(['runs'])
  expect(shown.stdout).toMatch(/^runs\/now {5}unfinished; 2,000 rows: .* ago\n/)
  rmSync(runs, { recursive: true })
})

test('a selection is listed with what it has; one without enough rows is complete where it keeps them', async () => {
  await using desk = await createDesk()
  const columns = [
    { name: 'kind', column_type: 'sampler', sampler_type: 'category', params: { values: ['a'] } },
  ]
  for (const on_exhausted of ['stop', 'keep']) {
    const select = { where: "{{ kind == 'b' }}", target: 5, max_candidates: 8, on_exhausted }
    const out = desk.path('runs', on_exhausted)
    await create({ config: { config: { columns, select } }, out })
  }
  const listed = await listRuns(desk.path('runs'))
  const selection = { target: 5, accepted: 0, candidates: 8, most: 8 }
  expect(listed.map(({ state, selection: found }) => ({ state, found }))).toEqual([
    { state: 'complete', found: selection },
    { state: 'unfinished', found: selection },
  ])
})

test('two runs stand side by side: config, rows, failures and statistics', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number === 2 ? { status: 400, error: 'no' } : {}),
  })
  const config = stories({ url: server.url, parallel: 1 }) as { columns: Record<string, unknown>[] }
  const changed = structuredClone(config)
  changed.columns[1] = { ...changed.columns[1], prompt: 'Another <story>\nof {{ number }}' }
  changed.columns.push({ name: 'more', column_type: 'expression', expr: 'm' })
  const [one, other] = [desk.path('one'), desk.path('other')]
  await create({ config: { config }, rows: 6, seed: 1n, out: one })
  await create({ config: { config: changed }, rows: 8, seed: 1n, out: other })

  const same = await compareRuns(one, one)
  expect(same).toMatchObject({ config: [] })
  expect(same.columns.every((column) => column.same)).toBe(true)
  const found = await compareRuns(one, other)
  expect(found.runs).toMatchObject([
    { rows: { requested: 6, dropped: 1 }, failed: 1, seed: '1' },
    { rows: { requested: 8, dropped: 0 }, failed: 0 },
  ])
  expect(found.config).toMatchObject([
    {
      place: 'columns.story.prompt',
      lines: [expect.stringMatching(/^- "/), '+ Another <story>', '+ of {{ number }}'],
      values: [config.columns[1]?.['prompt'], 'Another <story>\nof {{ number }}'],
    },
    { place: 'columns.more', values: [undefined, expect.objectContaining({ expr: 'm' })] },
  ])
  expect(found.failures).toEqual([{ column: 'story', code: 'bad-request', cells: [1, 0] }])
  expect(found.columns.at(-1)).toMatchObject({
    name: 'more',
    same: false,
    statistics: [null, { cells: 8 }],
  })
  const page = comparePage(found)
  expect(page).toContain('Another &lt;story&gt;')
  expect(page).toContain('No such column.')

  const shown = await desk.run(['diff', 'one', 'other', '--html', 'diff.html'])
  expect(shown.code, shown.stderr).toBe(0)
  expect(shown.stdout).toContain('  columns.story.prompt\n')
  expect(shown.stdout).toContain('    + Another <story>\n    + of {{ number }}\n')
  expect(shown.stdout).toMatch(/rows planned +6 +8\n/)
  expect(shown.stderr).toBe('Report: diff.html\n')
  expect(await desk.read('diff.html')).toContain('<!doctype html>')
  const nothing = await desk.run(['diff', 'one', 'others'])
  expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean') })
})
