import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const places = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** A Chromium of this machine; `CHROMIUM` names one that is elsewhere. */
const executable = places.find((path) => path !== '' && existsSync(path))

/** Pages are looked at where there is a browser; CI always has one. */
export const hasBrowser = executable !== undefined || process.env['CI'] !== undefined

export async function openBrowser(): Promise<Browser> {
  if (executable === undefined) {
    throw new Error('there is no Chromium here; install it or name one in CHROMIUM')
  }
  return chromium.launch({
    executablePath: executable,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
