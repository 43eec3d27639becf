import { isUtf8 } from 'node:buffer'
import { SeedFault } from './define.ts'
import { firstWrongByte } from './utf8.ts'

/** Turns the bytes of a whole file into text; those that are none are a `SeedFault`. */
export type Decode = (bytes: Buffer) => string

/** By the names Python has for a codec, written with `_`, the name it has on the web. */
const webNames: Readonly<Record<string, string>> = {
  utf_16: 'utf-16le',
  utf16: 'utf-16le',
  u16: 'utf-16le',
  utf_16_le: 'utf-16le',
  utf_16le: 'utf-16le',
  utf_16_be: 'utf-16be',
  utf_16be: 'utf-16be',
  cp866: 'ibm866',
  cp874: 'windows-874',
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  mskanji: 'shift_jis',
  shift_jis: 'shift_jis',
  shiftjis: 'shift_jis',
  sjis: 'shift_jis',
  euc_jp: 'euc-jp',
  eucjp: 'euc-jp',
  iso2022_jp: 'iso-2022-jp',
  iso_2022_jp: 'iso-2022-jp',
  euc_kr: 'euc-kr',
  euckr: 'euc-kr',
  cp949: 'euc-kr',
  gb2312: 'gbk',
  gbk: 'gbk',
  cp936: 'gbk',
  gb18030: 'gb18030',
  big5: 'big5',
  cp950: 'big5',
  koi8_r: 'koi8-r',
  koi8_u: 'koi8-u',
  mac_roman: 'macintosh',
  macroman: 'macintosh',
  mac_cyrillic: 'x-mac-cyrillic',
}

const utf8Names = new Set(['utf_8', 'utf8', 'u8', 'utf', 'utf_8_sig', 'utf8_sig', 'cp65001'])
const latinNames = new Set(
  'latin_1 latin1 latin l1 iso_8859_1 iso8859_1 iso8859 8859 cp819'.split(' '),
)
const asciiNames = new Set(['ascii', 'us_ascii', '646'])

/** A codec by the name NeMo Data Designer's Python has for it; null for one that is not known. */
export function decoderFor(name: string): Decode | null {
  const plain = name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s.-]+/g, '_')
  if (utf8Names.has(plain)) return decodeUtf8
  if (latinNames.has(plain)) return (bytes) => bytes.toString('latin1')
  if (asciiNames.has(plain)) return decodeAscii
  const web = webNameOf(plain)
  if (web === null) return null
  return (bytes) => {
    const hasMark = plain.endsWith('16') && bytes[0] === 0xfe && bytes[1] === 0xff
    return decodeAs(hasMark ? 'utf-16be' : web, name, bytes)
  }
}

function webNameOf(plain: string): string | null {
  if (Object.hasOwn(webNames, plain)) return webNames[plain] ?? null
  const windows = /^(?:cp|windows_)(125[0-8])$/.exec(plain)
  if (windows !== null) return `windows-${windows[1]}`
  const iso = /^iso_?8859_([2-8]|10|1[3-6])$/.exec(plain)
  return iso === null ? null : `iso-8859-${iso[1]}`
}

function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw notText('UTF-8', firstWrongByte(bytes))
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return bytes.toString('utf8', hasMark ? 3 : 0)
}

function decodeAscii(bytes: Buffer): string {
  const wrong = bytes.findIndex((byte) => byte > 0x7f)
  if (wrong >= 0) throw notText('ASCII', wrong)
  return bytes.toString('latin1')
}

function decodeAs(web: string, name: string, bytes: Buffer): string {
  try {
    return new TextDecoder(web, { fatal: true }).decode(bytes)
  } catch (error) {
    throw notText(name, null, error)
  }
}

function notText(name: string, at: number | null, cause?: unknown): SeedFault {
  const where = at === null ? '' : `: byte ${at} begins no character`
  return new SeedFault('wrong-encoding', `the file is not ${name}${where}`, {
    cause,
    field: 'encoding',
    suggestion:
      'Name its encoding in `encoding`, such as cp1252 or latin-1, or exclude it with file_pattern.',
  })
}
