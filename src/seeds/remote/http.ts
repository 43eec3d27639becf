import { z } from 'zod'
import { withForm } from '../../config/json-form.ts'
import { oneOf, refuse, text } from '../../config/scalars.ts'
import { defineSeedSource, type SeedSource } from '../define.ts'
import { endingsOf } from '../format-of.ts'
import type { SeedFormat } from '../formats/define.ts'
import { delimiter } from '../open-files.ts'
import { openRemoteSeed, type RemoteSearch, stampRemoteSeed } from './open-remote.ts'
import type { RemoteAuth } from './remote-client.ts'
import { entryAt } from './remote-entry.ts'

function schemaFor(formats: readonly SeedFormat[]) {
  return z
    .object({
      seed_type: oneOf(['http']).describe('Kind of source.'),
      path: address().describe(
        `Address of a file, http:// or https://, whose path ends in ${endingsOf(formats).join(', ')}, also compressed.`,
      ),
      delimiter: delimiter(),
    })
    .describe('A file on the web.')
}

function address(): z.ZodType<string> {
  const schema = text({ nonEmpty: true }).transform((written, context) => {
    const url = URL.parse(written)
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return written
    return refuse(context, written, {
      code: 'wrong-format',
      expected: 'a URL such as https://example.com/rows.parquet',
      suggestion: 'Files of this machine are seed_type: local.',
    })
  })
  return withForm(schema, { json: { type: 'string', pattern: '^[Hh][Tt][Tt][Pp][Ss]?://' } })
}

/** A file at an address of the web. */
export function createHttpSource(formats: readonly SeedFormat[]): SeedSource {
  interface Source {
    path: string
    delimiter?: string | null | undefined
  }

  function searchFor({ path, delimiter: said = null }: Source): RemoteSearch {
    const url = new URL(path)
    const { username, password } = url
    const auth: RemoteAuth = username === '' ? { kind: 'none' } : basic(username, password)
    url.username = ''
    url.password = ''
    url.hash = ''
    const wayIn = 'A user and a password can be written into it: https://user:password@….'
    return {
      formats,
      delimiter: said,
      find: async (client, { signal }) => ({
        entries: [await entryAt(client, { url: url.href, auth, wayIn }, signal)],
      }),
    }
  }

  return defineSeedSource({
    type: 'http',
    schema: schemaFor(formats),
    open: (source, context) => openRemoteSeed(searchFor(source), context),
    stamp: (source, context) => stampRemoteSeed(searchFor(source), context),
  })
}

function basic(user: string, password: string): RemoteAuth {
  const pair = `${decodeURIComponent(user)}:${decodeURIComponent(password)}`
  return { kind: 'header', value: `Basic ${Buffer.from(pair).toString('base64')}` }
}
