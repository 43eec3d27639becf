import type { YAMLParseError } from 'yaml'
import type { Problem } from './problem.ts'

/**
 * The problems behind a reader's errors. An unclosed list or mapping swallows what follows, so
 * errors after it are its consequences.
 */
export function syntaxProblems(
  errors: readonly YAMLParseError[],
  source: string,
): { problem: Problem; offset: number }[] {
  const swallows = errors.findIndex(
    ({ code, message }) => code === 'BAD_INDENT' && message.startsWith('Flow'),
  )
  const causes = swallows === -1 ? errors : errors.slice(0, swallows + 1)
  return causes.map((error) => ({ problem: syntaxProblem(error, source), offset: error.pos[0] }))
}

/** What a reader's error means for the person who wrote the file. */
function syntaxProblem(error: YAMLParseError, source: string): Problem {
  const { message, suggestion } = explain(error, source)
  const problem = { level: 'error', code: 'syntax', path: [], message } as const
  return suggestion === undefined ? problem : { ...problem, suggestion }
}

interface Explanation {
  message: string
  suggestion?: string
}

function explain({ code, message, pos }: YAMLParseError, source: string): Explanation {
  switch (code) {
    case 'TAB_AS_INDENT':
      return {
        message: 'A tab is used as indentation',
        suggestion: 'Indent YAML with spaces; tabs are only allowed inside { } and [ ].',
      }
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: "The line has a second ': ', so YAML reads the text before it as another key",
        suggestion: 'Put text that contains ": " into quotes, or below the key after "|".',
      }
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        message: "A key spans several lines: a ':' is missing, or a line is indented wrongly",
        suggestion: 'Write "key: value", and put long text below its key after "|".',
      }
    case 'BAD_SCALAR_START':
      return {
        message: `Text cannot start with ${source.slice(pos[0], pos[0] + 1)} unless it is quoted`,
        suggestion: 'Put the text into quotes.',
      }
    case 'MISSING_CHAR':
      return missingChar(message)
    case 'BAD_ALIAS':
      return {
        message: "A '*' at the start of text begins an alias, and this one has no name",
        suggestion: 'Put the text into quotes.',
      }
    case 'BAD_DQ_ESCAPE':
      return {
        message: `In double quotes a backslash begins an escape, and ${source.slice(pos[0], pos[0] + 2)} is none`,
        suggestion: 'Write two backslashes, or use single quotes.',
      }
    case 'BAD_INDENT':
      return message.startsWith('Flow')
        ? {
            message: `A ${message.startsWith('Flow map') ? 'mapping in { }' : 'list in [ ]'} is not closed, or continues at the margin of its key`,
            suggestion: 'Close it, and indent its further lines more than the key.',
          }
        : reworded(message)
    case 'UNEXPECTED_TOKEN':
      return unexpectedToken(message, lineAt(source, pos[0]))
    default:
      return reworded(message)
  }
}

const notInPlace = 'Check the indentation of this line, and quotes and colons in it and above it.'

// What the reader says is about its tokens; these are the mistakes behind them.
const wordings: readonly (readonly [RegExp, string, string])[] = [
  [
    /must start at the same column/,
    'The entries of a list or mapping begin in different columns',
    'Indent all of them by the same number of spaces.',
  ],
  [
    /^Unexpected .*(?:at node end|token)|^Unexpected .* in collection|Sequence item without/,
    'This text does not belong to the structure of the lines above',
    notInPlace,
  ],
  [
    /^Unexpected (?:,|empty item) in/,
    'This comma separates nothing',
    'Remove it, or write the entry that is missing.',
  ],
  [
    /^Missing ,/,
    'A comma is missing between two entries in [ ] or { }',
    'Separate them with a comma, or put quotes around a text that continues.',
  ],
  [/^Missing space after :/, 'A space is missing after a colon', 'Write "key: value".'],
  [
    /^Block scalar header|^Not a YAML token/,
    "Text follows a '|' or '>' on its line",
    'Begin the text on the next line, or put it into quotes.',
  ],
  [
    /^Comments must be separated/,
    "A '#' follows other text directly",
    'Put a space before it for a comment, or the text into quotes.',
  ],
  [
    /^Tags and anchors must be separated|^Anchors and tags/,
    "Text that begins with '!' or '&' is read as a tag or an anchor",
    'Put the text into quotes.',
  ],
  [
    /is ambiguous$/,
    "An anchor or alias ends in ':'",
    'Put a space before the colon, or the text into quotes.',
  ],
]

function reworded(message: string): Explanation {
  const found = wordings.find(([pattern]) => pattern.test(message))
  return found === undefined ? { message } : { message: found[1], suggestion: found[2] }
}

function missingChar(message: string): Explanation {
  if (message.includes('quote')) {
    return {
      message: 'A quoted text that begins above is still open here',
      suggestion: 'Close it with the quote it begins with.',
    }
  }
  if (message.startsWith('Implicit map keys')) {
    return {
      message: "A line holds neither 'key: value' nor a list item",
      suggestion: "Add the ':' after the key, or indent the line if it continues a text.",
    }
  }
  return reworded(message)
}

function unexpectedToken(message: string, line: string): Explanation {
  if (/^[^'"]*:\s*\{\{/.test(line)) {
    return {
      message: 'A template is not quoted, so its braces are read as mappings',
      suggestion: 'Put the text into quotes: "{{ name }} …".',
    }
  }
  if (message.includes('block-seq-ind')) {
    return {
      message: "A list begins on the line of its key, or a text begins with '-'",
      suggestion: 'Start the list on the next line, or put the text into quotes.',
    }
  }
  return reworded(message)
}

function lineAt(source: string, offset: number): string {
  const end = source.indexOf('\n', offset)
  return source.slice(source.lastIndexOf('\n', offset - 1) + 1, end === -1 ? undefined : end)
}
