import { SeedFault } from '../define.ts'
import type { RemoteAuth } from './remote-client.ts'

/** Who asks a Hub: the token is in the environment, and only its variable in a config. */
export function authOfHub(
  variable: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): { auth: RemoteAuth; wayIn: string } {
  const name = variable ?? 'HF_TOKEN'
  const token = environment[name]?.trim() ?? ''
  if (token === '' && variable !== null) throw missing(variable)
  if (token === '') {
    return {
      auth: { kind: 'none' },
      wayIn:
        'For a private or gated dataset, set HF_TOKEN to a token that may read it; the Hub gives the same answer for a dataset that does not exist.',
    }
  }
  if (!/^[\u0021-\u007e]+$/.test(token)) {
    throw new SeedFault('secret-invalid', `the variable ${name} has characters that no token has`, {
      field: 'token',
      suggestion: `Set ${name} again, without spaces, line breaks or quotation marks.`,
    })
  }
  return {
    auth: { kind: 'header', value: `Bearer ${token}` },
    wayIn: `Check that the token in ${name} may read the dataset, and that you accepted its terms.`,
  }
}

function missing(variable: string): SeedFault {
  // A token written into the config must not come back in a message.
  const isName = /^[A-Z_][A-Z0-9_]*$/.test(variable)
  return new SeedFault(
    isName ? 'secret-missing' : 'secret-invalid',
    isName
      ? `the token is in the environment variable ${variable}, which is not set`
      : 'token is not a set environment variable',
    {
      field: 'token',
      suggestion: isName
        ? `Run "export ${variable}=…" first, or leave token out for a public dataset.`
        : 'Put the token into a variable such as HF_TOKEN, and the name of the variable here.',
    },
  )
}
