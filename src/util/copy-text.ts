/**
 * The first characters of a text as a separate text. What `slice` gives keeps the whole text in
 * memory for as long as the slice is kept.
 */
export function copyOfText(text: string, characters: number): string {
  return Buffer.from(text.slice(0, characters), 'utf16le').toString('utf16le')
}
