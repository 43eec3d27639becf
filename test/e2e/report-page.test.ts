import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { create } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { createDesk, type Desk } from './command.ts'
import { stories } from './configs.ts'

/** A script for the page: what it answers are texts with their contrast. */
const readContrasts = readFileSync(new URL('../support/contrasts.js', import.meta.url), 'utf8')

const evil = '<img src=x onerror="document.title = 1"><script>document.title = 2</script>'

/** What a page may stumble over: ends of elements, other scripts, control characters, code, length. */
const talk = [
  { role: 'user', content: `${evil} שלום עולם \u202E\u001B[2J` },
  {
    role: 'assistant',
    content: `Here:\n\`\`\`js\nlet a = '</script>'\n\`\`\`\n${'long '.repeat(400)}end`,
  },
]

describe.skipIf(!hasBrowser)('the page in a browser', () => {
  let desk: Desk
  let browser: Browser
  let url: string
  let names: string[]

  beforeAll(async () => {
    desk = await createDesk()
    browser = await openBrowser()
    await using server = await createModelServer({
      script({ number, prompt }) {
        if (prompt.startsWith('Talk')) return { text: JSON.stringify({ messages: talk }) }
        return number % 9 === 5 ? { status: 400, error: evil } : {}
      },
    })
    const result = await create({
      config: {
        name: 'stories',
        config: stories({
          url: server.url,
          columns: [
            {
              name: 'mood',
              column_type: 'sampler',
              sampler_type: 'category',
              params: { values: ['glad', evil, 'x'.repeat(300)], weights: [6, 3, 1] },
            },
            {
              name: 'height',
              column_type: 'sampler',
              sampler_type: 'gaussian',
              params: { mean: 170, stddev: 9 },
            },
            {
              name: 'chat',
              column_type: 'llm-structured',
              model_alias: 'writer',
              prompt: 'Talk about {{ number }}.',
              output_format: { type: 'object', additionalProperties: true },
            },
            {
              name: 'a_name_without_a_place_to_break_it_that_goes_on_and_on_for_long',
              column_type: 'expression',
              expr: '{{ mood }}',
              drop: true,
            },
          ],
        }),
      },
      rows: 300,
      seed: 7n,
      out: desk.path('run'),
    })
    url = pathToFileURL(result.report ?? '').href
    names = (result.columns ?? []).map(({ name }) => name)
  })

  afterAll(async () => {
    await browser?.close()
    await desk?.[Symbol.asyncDispose]()
  })

  /** Opens the page; it must say nothing on the console and ask for nothing but itself. */
  async function look(
    options: { colorScheme?: 'light' | 'dark'; width?: number },
    see: (page: Page) => Promise<void>,
  ): Promise<void> {
    const { colorScheme = 'light', width = 1200 } = options
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
    const told: string[] = []
    const asked: string[] = []
    page.on('console', (message) => told.push(message.text()))
    page.on('pageerror', (error) => told.push(error.message))
    page.on('request', (request) => asked.push(request.url()))
    try {
      await page.goto(url)
      await see(page)
      expect(told).toEqual([])
      expect(asked).toEqual([url])
    } finally {
      await page.close()
    }
  }

  test('has a card for every column, with what comes from outside as text', async () => {
    await look({}, async (page) => {
      expect(await page.title()).toBe('stories · rowsmith report')
      expect(await page.locator('#columns + .columns h3').allTextContents()).toEqual(names)
      expect(await page.locator('img').count()).toBe(0)
      expect(await page.locator('script').count()).toBe(2)
      expect(await page.locator('.headline').textContent()).toMatch(
        /^\d+ records of 300 rows; \d+ dropped \(story bad-request \d+\)/,
      )
      expect(await page.locator('.judged').getAttribute('class')).toContain('poor')
      expect(await page.locator('td.words').allTextContents()).toEqual([
        expect.stringContaining(evil),
      ])
    })
  })

  test('draws shares as long as they are, and marks what was declared', async () => {
    await look({}, async (page) => {
      const mood = page.locator('section', { has: page.getByRole('heading', { name: 'mood' }) })
      expect(await mood.locator('.name').first().textContent()).toBe('glad')
      const [track, glad, evilBar] = await Promise.all([
        mood.locator('.track').first().boundingBox(),
        mood.locator('.fill').nth(0).boundingBox(),
        mood.locator('.fill').nth(1).boundingBox(),
      ])
      expect(glad?.width).toBeGreaterThan(0.8 * (track?.width ?? 0))
      expect((evilBar?.width ?? 0) / (glad?.width ?? 1)).toBeGreaterThan(0.35)
      expect((evilBar?.width ?? 0) / (glad?.width ?? 1)).toBeLessThan(0.65)
      expect(await mood.locator('.mark').count()).toBe(3)
      const height = page.locator('section', { has: page.getByRole('heading', { name: 'height' }) })
      expect(await height.locator('rect.bar').count()).toBe(24)
      expect(await height.locator('polyline.curve').count()).toBe(1)
      expect(await height.locator('rect.bar title').first().textContent()).toMatch(/declared/)
    })
  })

  test('shows records as what they are, pages through them and searches them', async () => {
    await look({}, async (page) => {
      const records = page.locator('.record')
      const status = page.getByRole('status')
      const pages = /^1 to 5 of (\d+)$/.exec((await status.textContent()) ?? '')
      expect(await records.count()).toBe(5)
      const first = records.first()
      expect(await first.locator('h3').textContent()).toBe('Record 0')
      expect(await first.locator('.message > b').allTextContents()).toEqual(['user', 'assistant'])
      expect(await first.locator('.message').first().textContent()).toContain(
        `${evil} שלום עולם <U+202E>␛[2J`,
      )
      const more = first.getByRole('button')
      expect(await more.getAttribute('aria-expanded')).toBe('false')
      await more.press('Enter')
      expect(await more.getAttribute('aria-expanded')).toBe('true')
      expect(await first.locator('pre code').textContent()).toBe("let a = '</script>'")
      expect(await first.locator('.message').last().textContent()).toContain('long end')
      await page.keyboard.press('n')
      expect(await records.first().locator('h3').textContent()).toBe('Record 5')
      await page.getByRole('button', { name: 'Previous' }).click()
      expect(await status.textContent()).toBe(pages?.[0])
      await page.keyboard.press('/')
      await page.keyboard.type('GLAD "glad"')
      const glad = Number(/of (\d+)$/.exec((await status.textContent()) ?? '')?.[1])
      expect(glad).toBeGreaterThan(100)
      expect(glad).toBeLessThan(Number(pages?.[1]))
      await page.keyboard.type('nothing of the kind')
      expect(await status.textContent()).toBe('No record has it')
      expect(await records.count()).toBe(0)
    })
  })

  test.each([1400, 800, 360])('fits a window of %d pixels', async (width) => {
    await look({ width }, async (page) => {
      const room = await page.evaluate('document.documentElement.scrollWidth')
      expect(room).toBeLessThanOrEqual(width)
    })
  })

  test.each(['light', 'dark'] as const)('can be read in %s', async (colorScheme) => {
    await look({ colorScheme }, async (page) => {
      const contrasts = (await page.evaluate(readContrasts)) as { text: string; ratio: number }[]
      expect(contrasts.length).toBeGreaterThan(20)
      const weak = contrasts.filter(({ ratio }) => ratio < 4.5)
      expect(weak).toEqual([])
      const paper = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
      expect(Number(/\d+/.exec(paper)?.[0]) > 128).toBe(colorScheme === 'light')
    })
  })
})
