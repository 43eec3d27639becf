/** Python's `str.capitalize`. */
export function capitalize(text: string): string {
  const [first = ''] = text
  return titleCase(first) + text.slice(first.length).toLowerCase()
}

/** Python's `str.title`: a letter is a capital where no letter stands before it. */
export function title(text: string): string {
  let cased = ''
  let inWord = false
  for (const character of text) {
    cased += inWord ? character.toLowerCase() : titleCase(character)
    inWord = isCased(character)
  }
  return cased
}

export function swapCase(text: string): string {
  let swapped = ''
  for (const character of text) {
    swapped += isUpperCharacter(character) ? character.toLowerCase() : character.toUpperCase()
  }
  return swapped
}

/** Two letters in one character, which have a title form of their own. */
const digraphs: Readonly<Record<string, string>> = { Ǆ: 'ǅ', Ǉ: 'ǈ', Ǌ: 'ǋ', Ǳ: 'ǲ' }

// A ligature such as "ﬁ" has a title form ("Fi") that differs from its capitals ("FI").
function titleCase(character: string): string {
  const upper = character.toUpperCase()
  if (Object.hasOwn(digraphs, upper)) return digraphs[upper] as string
  if (upper.length <= character.length) return upper
  const [first = '', ...rest] = upper
  return first + rest.join('').toLowerCase()
}

function isCased(character: string): boolean {
  return /\p{Cased}/u.test(character)
}

function isUpperCharacter(character: string): boolean {
  return /\p{Lu}|\p{Lt}/u.test(character)
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
