import { escapeHtml } from './arithmetic.ts'
import { spend } from '../limits.ts'
import { textLength, textSlice } from './operand.ts'

interface LinkOptions {
  /** Characters of an address that are shown. */
  limit: number | null
  rel: string
  target: string | null
  schemes: readonly string[]
}

const address =
  /^(?:(?:https?:\/\/|www\.)(?:(?:[\p{L}\p{N}_%-]+\.)+)?(?:[a-z]{2,63}|xn--[\p{L}\p{N}_%]{2,59})|(?:[\p{L}\p{N}_%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)|https?:\/\/(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\]))(?::\d{1,5})?(?:[/?#]\S*)?$/iu
const email = /^\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+$/u

/** Turns addresses in HTML text into links, by Jinja's rules of what is one. */
export function linkUrls(html: string, options: LinkOptions): string {
  return html
    .split(/(\s+)/)
    .map((word) => (word === '' || /^\s/.test(word) ? word : linkWord(word, options)))
    .join('')
}

function linkWord(word: string, options: LinkOptions): string {
  spend(1)
  // No address is this long, and the patterns may walk a word once per "@".
  if (word.length > 2000) return word
  const { head, middle, tail } = splitPunctuation(word)
  return head + link(middle, options) + tail
}

function splitPunctuation(word: string): { head: string; middle: string; tail: string } {
  const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? ''
  let middle = word.slice(head.length)
  let tail = ''
  const end = /(?:[)>.,\n]|&gt;)+$/.exec(middle)
  if (end !== null) {
    tail = end[0]
    middle = middle.slice(0, end.index)
  }
  // Brackets that were opened inside the address belong to it.
  for (const [open, close] of [
    ['(', ')'],
    ['<', '>'],
    ['&lt;', '&gt;'],
  ] as const) {
    const opened = count(middle, open)
    if (opened <= count(middle, close)) continue
    for (let left = Math.min(opened, count(tail, close)); left > 0; left--) {
      const cut = tail.indexOf(close) + close.length
      middle += tail.slice(0, cut)
      tail = tail.slice(cut)
    }
  }
  return { head, middle, tail }
}

function link(text: string, { limit, rel, target, schemes }: LinkOptions): string {
  const attributes =
    (rel === '' ? '' : ` rel="${escapeHtml(rel)}"`) +
    (target === null || target === '' ? '' : ` target="${escapeHtml(target)}"`)
  if (address.test(text)) {
    const shown =
      limit !== null && textLength(text) > limit ? `${textSlice(text, 0, limit)}...` : text
    const href = /^https?:\/\//.test(text) ? text : `https://${text}`
    return `<a href="${href}"${attributes}>${shown}</a>`
  }
  if (text.startsWith('mailto:') && email.test(text.slice(7))) {
    return `<a href="${text}">${text.slice(7)}</a>`
  }
  const isEmail = text.includes('@') && !/^(?:www\.|@)/.test(text) && !text.includes(':')
  if (isEmail && email.test(text)) return `<a href="mailto:${text}">${text}</a>`
  const known = schemes.some((scheme) => text !== scheme && text.startsWith(scheme))
  return known ? `<a href="${text}"${attributes}>${text}</a>` : text
}

function count(text: string, part: string): number {
  return text.split(part).length - 1
}
