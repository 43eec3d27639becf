import { html, type Html } from './html.ts'
import { style } from './page-style.ts'

/** A page without scripts that needs nothing beside it. */
export function pageFrame(title: string, main: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · rowsmith report</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main>${main}</main>
      </body>
    </html> `.text
}
