import { badReply, type Asked } from './classify.ts'

/** Reads a reply's text as JSON; throws a `RequestError` with what it is instead. */
export function readJson(text: string, asked: Asked): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const bare = withoutNaN(text)
    if (bare !== text) {
      try {
        return JSON.parse(bare)
      } catch {
        // It is not JSON for another reason, too.
      }
    }
  }
  throw badReply(whatItIs(text), text, asked)
}

function whatItIs(text: string): string {
  const start = text.trimStart()
  if (start === '') return 'an empty body'
  if (/^(?:data|event|id|retry|:)/.test(start) && /^data:/m.test(start)) {
    return 'a stream of events, though the request says "stream": false; no extra_body may ask for one'
  }
  return 'not JSON'
}

/** Python's servers write numbers that JSON does not have; nothing here needs their value. */
function withoutNaN(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
    part.startsWith('"') ? part : 'null',
  )
}
