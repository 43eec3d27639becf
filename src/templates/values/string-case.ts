/** Python's `str.capitalize`. */
export function capitalize(text: string): string {
  const [first = ''] = text
  // The first letter decides how a sigma behind it is written.
  return titleCase(first) + text.toLowerCase().slice(first.toLowerCase().length)
}

/** Python's `str.title`: a letter is a capital where no letter stands before it. */
export function title(text: string): string {
  const lower = lowerer(text)
  let cased = ''
  let at = 0
  let inWord = false
  for (const character of text) {
    cased += inWord ? lower(character, at) : titleCase(character)
    inWord = isCased(character)
    at += character.length
  }
  return cased
}

/** Python's `str.swapcase`. */
export function swapCase(text: string): string {
  const lower = lowerer(text)
  let swapped = ''
  let at = 0
  for (const character of text) {
    if (/\p{Uppercase}/u.test(character)) swapped += lower(character, at)
    else swapped += /\p{Lowercase}/u.test(character) ? character.toUpperCase() : character
    at += character.length
  }
  return swapped
}

/** Python's `str.casefold`: Unicode's full case folding. */
export function caseFold(text: string): string {
  if (isAscii(text)) return text.toLowerCase()
  let folded = ''
  for (const character of text) folded += foldCase(character)
  return folded
}

function foldCase(character: string): string {
  if (character === 'ẞ') return 'ss'
  if (character === 'ı') return character
  // Cherokee had capitals first, and folds to them.
  if (/\p{Script=Cherokee}/u.test(character)) return character.toUpperCase()
  let folded = ''
  for (const capital of character.toUpperCase()) folded += capital.toLowerCase()
  return folded
}

/** Lower case of a character at a place: a sigma at the end of a word has a separate form. */
function lowerer(text: string): (character: string, at: number) => string {
  const ends = new Set<number>()
  if (text.includes('Σ')) for (const { index } of text.matchAll(finalSigma)) ends.add(index)
  return (character, at) => (ends.has(at) ? 'ς' : character.toLowerCase())
}

const finalSigma = /(?<=\p{Cased}\p{Case_Ignorable}*)Σ(?!\p{Case_Ignorable}*\p{Cased})/gu

/** Two letters in one character, which have a title form of their own. */
const digraphs: Readonly<Record<string, string>> = { Ǆ: 'ǅ', Ǉ: 'ǈ', Ǌ: 'ǋ', Ǳ: 'ǲ' }

/** A small iota below a Greek letter. */
const iotaBelow = '\u0345'

function titleCase(character: string): string {
  const upper = character.toUpperCase()
  if (Object.hasOwn(digraphs, upper)) return digraphs[upper] as string
  // Georgian words have no capital at their beginning.
  if (upper === character || /[\u10d0-\u10ff]/.test(character)) return character
  const parts = character.normalize('NFD')
  if (parts.endsWith(iotaBelow)) return (parts.charAt(0).toUpperCase() + parts.slice(1)).normalize()
  return titleOfCapitals(upper)
}

/** The title form ("Fi") of a ligature, whose capitals ("FI") are several letters. */
function titleOfCapitals(upper: string): string {
  let titled = ''
  let isBegun = false
  for (const letter of upper) {
    titled += isBegun ? letter.toLowerCase() : letter
    isBegun ||= isCased(letter)
  }
  return titled
}

function isCased(character: string): boolean {
  return /\p{Cased}/u.test(character)
}

function isUpperCharacter(character: string): boolean {
  return /\p{Uppercase}|\p{Lt}/u.test(character)
}

export function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- ASCII begins with them
  return /^[\x00-\x7f]*$/.test(text)
}

/** Python's `str.isupper`. */
export function isUpper(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/\p{Lowercase}|\p{Lt}/u.test(text)
}

/** Python's `str.islower`. */
export function isLower(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/\p{Uppercase}|\p{Lt}/u.test(text)
}

/** Python's `str.istitle`. */
export function isTitle(text: string): boolean {
  let inWord = false
  let found = false
  for (const character of text) {
    const upper = isUpperCharacter(character)
    const cased = isCased(character)
    if (cased && upper === inWord) return false
    inWord = cased
    found ||= cased
  }
  return found
}
