import { ibanLengths } from './iban-lengths.ts'

/** A stretch of a text that is to be replaced. */
export interface Found {
  start: number
  end: number
}

export type Finder = (text: string) => Iterable<Found>

/** Found ones of a pattern, as far as a check lets them through. */
function finder(pattern: RegExp, check: (match: string, text: string) => boolean): Finder {
  return function* find(text) {
    for (const { 0: match, index } of text.matchAll(pattern)) {
      if (check(match, text)) yield { start: index, end: index + match.length }
    }
  }
}

/*
 * Every pattern here takes at most a fixed number of steps from each place of a text: repetitions have
 * upper bounds, and none stands inside of another over the same characters.
 */

const email = finder(
  /(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}_][\p{L}\p{N}._%+'-]{0,63}@(?:[\p{L}\p{N}][\p{L}\p{N}-]{0,62}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}])/gu,
  () => true,
)

const creditCard = finder(/(?<![\d.,-])[2-6](?:[ -]?\d){12,18}(?![\d])(?![.,-]\d)/g, (match) => {
  const digits = match.replaceAll(/\D/g, '')
  // All alike is a filler; 0 sums up to 0, too.
  return passesLuhn(digits) && new Set(digits).size > 1
})

/** The check digit of card numbers. */
function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.charAt(digits.length - 1 - at))
    const weighed = at % 2 === 1 ? digit * 2 : digit
    sum += weighed > 9 ? weighed - 9 : weighed
  }
  return sum % 10 === 0
}

function* iban(text: string): Generator<Found> {
  for (const { 0: head, index } of text.matchAll(
    /(?<![\p{L}\p{N}])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/gu,
  )) {
    const length = ibanLengths.get(head.slice(0, 2).toUpperCase())
    if (length === undefined) continue
    const found = readIban(text, index, length)
    if (found !== null && passesMod97(found.characters)) yield { start: index, end: found.end }
  }
}

/** So many letters and digits from a place on, with single spaces or hyphens between them. */
function readIban(
  text: string,
  start: number,
  length: number,
): { characters: string; end: number } | null {
  let characters = ''
  let at = start
  while (characters.length < length) {
    const character = text.charAt(at)
    if (/^[A-Za-z0-9]$/.test(character)) characters += character.toUpperCase()
    else if (!/^[ -]$/.test(character) || !/^[A-Za-z0-9]$/.test(text.charAt(at + 1))) return null
    at += 1
  }
  return /^[\p{L}\p{N}]$/u.test(text.charAt(at)) ? null : { characters, end: at }
}

function passesMod97(characters: string): boolean {
  let rest = 0
  for (const character of `${characters.slice(4)}${characters.slice(0, 4)}`) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/*
 * International with + or 00, North American with its groups, or national with a leading 0 and at
 * least one gap. Digits without any of that are numbers of something else far more often.
 */
const phone = finder(
  /(?<![\p{L}\p{N}.+#/-])(?<!\d )(?:(?:\+|00)[ ]?[1-9](?:[ ()./-]{0,3}\d){6,14}|(?:1[ .-])?(?:\([2-9]\d{2}\)[ ]?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}|\(?0[1-9]\d{0,4}\)?[ /-](?:[ /-]?\d){4,10})(?![\p{L}\p{N}])(?![.,-]\d)/gu,
  (match) => {
    const digits = match.replaceAll(/\D/g, '')
    const isDate = /^0[1-9][-/](?:0[1-9]|[12]\d|3[01])[-/](?:19|20)\d\d$/.test(match)
    return digits.length >= 7 && digits.length <= 17 && !isDate
  },
)

const secretForms = [
  // Amazon, Google, GitHub, GitLab, npm, Hugging Face, Slack, Stripe, OpenAI and Anthropic, SendGrid.
  /(?:AKIA|ASIA)[A-Z0-9]{16}/,
  /AIza[A-Za-z0-9_-]{35}/,
  /gh[pousr]_[A-Za-z0-9]{36,251}/,
  /github_pat_[A-Za-z0-9_]{22,251}/,
  /glpat-[A-Za-z0-9_-]{20,64}/,
  /npm_[A-Za-z0-9]{36}/,
  /hf_[A-Za-z0-9]{30,64}/,
  /xox[abeoprs]-[A-Za-z0-9-]{10,251}/,
  /(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,251}/,
  /sk-[A-Za-z0-9_-]{20,251}/,
  /SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}/,
  // JSON web tokens.
  /eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,4096}/,
]

const tokens = finder(
  new RegExp(
    String.raw`(?<![A-Za-z0-9_-])(?:${secretForms.map(({ source }) => source).join('|')})(?![A-Za-z0-9_-])`,
    'g',
  ),
  () => true,
)

const begin = /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----/g

/** Private keys in PEM, also where the end is cut off. */
function* privateKeys(text: string): Generator<Found> {
  let done = 0
  for (const { index } of text.matchAll(begin)) {
    if (index < done) continue
    const last = /-----END [A-Z ]{0,32}PRIVATE KEY-----/g
    last.lastIndex = index
    const found = last.exec(text)
    done = found === null ? text.length : found.index + found[0].length
    yield { start: index, end: done }
  }
}

const bearer = /(?<=\b[Bb]earer )[A-Za-z0-9._~+/-]{16,8192}={0,2}/g

function* secrets(text: string): Generator<Found> {
  yield* privateKeys(text)
  yield* tokens(text)
  yield* finder(bearer, () => true)(text)
}

/** What can be found, the surest first: where two overlap the first one stands. */
export const finders = {
  secret: secrets,
  email,
  iban,
  credit_card: creditCard,
  phone,
} as const satisfies Readonly<Record<string, Finder>>

export type FinderName = keyof typeof finders
