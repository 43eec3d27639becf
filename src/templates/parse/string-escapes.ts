const letters: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const escape = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g

/**
 * A text with Python's string escapes in it; unknown ones keep their backslash. `refuse` gets the letter and the
 * place of one that is not complete, or that names a character.
 */
export function unescapeString(
  text: string,
  refuse: (letter: string, offset: number) => never,
): string {
  if (!text.includes('\\')) return text
  return text.replace(
    escape,
    (
      whole: string,
      octal: string | undefined,
      byte: string | undefined,
      short: string | undefined,
      long: string | undefined,
      other: string | undefined,
      offset: number,
    ) => {
      const code = octal ?? byte ?? short ?? long
      if (code !== undefined) {
        const point = Number.parseInt(code, octal === undefined ? 16 : 8)
        if (point <= 0x10ffff) return String.fromCodePoint(point)
      }
      const letter = other ?? 'U'
      return 'xuUN'.includes(letter) ? refuse(letter, offset) : (letters[letter] ?? whole)
    },
  )
}
