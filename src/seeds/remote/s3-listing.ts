/** A page of the answer to ListObjectsV2. */
export interface S3Listing {
  readonly objects: readonly {
    readonly key: string
    readonly etag: string
    readonly size: number
  }[]
  /** What asks for the next page; null behind the last. */
  readonly next: string | null
}

/** The answer is flat XML without attributes where it matters, in one form from every store. */
export function readListing(xml: string): S3Listing {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, inner = '']) => ({
    key: decodeURIComponent(valueOf(inner, 'Key').replaceAll('+', ' ')),
    etag: valueOf(inner, 'ETag'),
    size: Number(valueOf(inner, 'Size')),
  }))
  const outside = xml.replaceAll(/<Contents>.*?<\/Contents>/gs, '')
  const isCut = valueOf(outside, 'IsTruncated') === 'true'
  return { objects, next: isCut ? valueOf(outside, 'NextContinuationToken') : null }
}

function valueOf(xml: string, name: string): string {
  const [, text = ''] = new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(xml) ?? []
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, word) => {
    if (typeof decimal === 'string') return String.fromCodePoint(Number(decimal))
    if (typeof hex === 'string') return String.fromCodePoint(Number.parseInt(hex, 16))
    const named: Readonly<Record<string, string>> = {
      amp: '&',
      lt: '<',
      gt: '>',
      quot: '"',
      apos: "'",
    }
    return named[String(word)] ?? whole
  })
}
