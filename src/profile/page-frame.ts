import { createHash } from 'node:crypto'
import { Html, html } from './html.ts'
import { style } from './page-style.ts'

export interface PageFrameOptions {
  /** The only script that the page may run; none when left out. */
  script?: string
}

/** A page that needs nothing beside it, and runs nothing but its own script. */
export function pageFrame(title: string, main: Html, { script }: PageFrameOptions = {}): string {
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data:',
    ...(script === undefined ? [] : [`script-src 'sha256-${hashOf(script)}'`]),
  ].join('; ')
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(policy)}" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · rowsmith report</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main>${main}</main>
        ${script === undefined ? null : new Html(`<script>${script}</script>`)}
      </body>
    </html> `.text
}

function hashOf(script: string): string {
  return createHash('sha256').update(script).digest('base64')
}
