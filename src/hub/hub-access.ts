import { hubEndpoint } from '../seeds/remote/hub-api.ts'
import { SeedFault } from '../seeds/define.ts'
import { nearest } from '../util/near-miss.ts'
import { isRowsmithError, messageOf, RowsmithError } from '../util/errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where a Hub is and who asks it. */
export interface HubAccess {
  /** Without a slash at its end. */
  readonly endpoint: string
  readonly repository: string
  /** Null for who has none. */
  readonly token: string | null
  /** The variable that holds the token, for messages. */
  readonly variable: string
  readonly environment: Environment
}

export interface AccessOptions {
  /** The environment variable that holds the token; `HF_TOKEN` by default. */
  tokenEnv?: string | undefined
  /** The address of the Hub; that of `HF_ENDPOINT` by default, else https://huggingface.co. */
  endpoint?: string | undefined
  /** `process.env` by default. */
  environment?: Environment | undefined
}

/** Reads who asks which repository of which Hub; refuses what can't be the name of one. */
export function openAccess(
  repository: string,
  { tokenEnv, endpoint, environment = process.env }: AccessOptions,
): HubAccess {
  checkName(repository)
  const variable = tokenEnv ?? 'HF_TOKEN'
  const token = environment[variable]?.trim() ?? ''
  if (token === '' && tokenEnv !== undefined) throw unset(tokenEnv, environment)
  if (!/^[\u0021-\u007e]*$/.test(token)) {
    throw new RowsmithError(
      'usage',
      `the value of ${variable} is not a token: it has characters that tokens never have`,
      {
        hints: [`Set ${variable} again, without spaces, line breaks or quotation marks.`],
      },
    )
  }
  try {
    return {
      endpoint: hubEndpoint(endpoint, environment),
      repository,
      token: token === '' ? null : token,
      variable,
      environment,
    }
  } catch (error) {
    throw hubError(error)
  }
}

/** What the Hub accepts as a name: https://huggingface.co/docs/hub/repositories. */
function checkName(repository: string): void {
  const isName = /^[\w][\w.-]*\/[\w][\w.-]{0,95}$/.test(repository)
  if (isName && !/--|\.\.|[.-](?:\/|$)|\.git$/.test(repository)) return
  const bare = /^(?:https?:\/\/[^/]+\/)?(?:hf:\/\/)?(?:datasets\/)?([^/]+\/[^/]+)\/?$/.exec(
    repository,
  )?.[1]
  throw new RowsmithError('usage', `${repository} is not a valid name of a dataset on the Hub`, {
    hints: [
      bare !== undefined && bare !== repository
        ? `Did you mean ${bare}?`
        : 'Write owner/name, in letters, digits, -, _ and . (such as jane/bedtime-stories).',
    ],
  })
}

function unset(variable: string, environment: Environment): RowsmithError {
  // A token that was pasted in the place of its variable must not come back in a message.
  const isName = /^[A-Z_][A-Z0-9_]*$/i.test(variable) && !/^hf_/i.test(variable)
  if (!isName) {
    return new RowsmithError('usage', '--token-env expects the name of an environment variable', {
      hints: ['Put the token into a variable such as HF_TOKEN, and give that name.'],
    })
  }
  const meant = nearest(variable, Object.keys(environment))
  return new RowsmithError('usage', `the environment variable ${variable} is not set`, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      `Run "export ${variable}=…" first.`,
    ],
  })
}

/** What went wrong with the Hub, as an error of rowsmith. */
export function hubError(error: unknown): unknown {
  if (!(error instanceof SeedFault)) return error
  const code = error.code === 'seed-unreachable' ? 'hub-unreachable' : 'hub-refused'
  return new RowsmithError(code, error.message, {
    cause: error,
    hints: error.suggestion === undefined ? [] : [error.suggestion],
  })
}

/** What the Hub answered to a request that changes a repository. */
interface HubRefusal {
  readonly statusCode: number
  readonly message: string
}

/** Explains why a push did not go through. */
export function pushError(error: unknown, access: HubAccess): unknown {
  if (isRowsmithError(error) || error instanceof SeedFault) return hubError(error)
  const refusal = readRefusal(error)
  if (refusal === null) {
    return new RowsmithError(
      'hub-unreachable',
      `${access.endpoint} can't be reached: ${reasonsOf(error)}`,
      {
        cause: error,
        hints: [
          'Check the network and the proxy (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), and run the same command again: what was sent stays there.',
        ],
      },
    )
  }
  return refused(refusal, access, error)
}

function refused(
  { statusCode, message }: HubRefusal,
  { endpoint, repository, variable }: HubAccess,
  cause: unknown,
): RowsmithError {
  const [owner = ''] = repository.split('/')
  const tokens = `${endpoint}/settings/tokens`
  const say = (code: 'hub-refused' | 'hub-unreachable', text: string, hint: string) =>
    new RowsmithError(code, `${text} (${statusCode}: ${message})`, { cause, hints: [hint] })
  switch (statusCode) {
    case 401:
      return say(
        'hub-refused',
        `${endpoint} does not accept the token in ${variable}`,
        `Create a token with write access at ${tokens}, and set ${variable} to it.`,
      )
    case 403:
      return say(
        'hub-refused',
        `the token in ${variable} may not write to ${repository}`,
        `Use a token that may write for ${owner} (${tokens}), or push to a name of your own.`,
      )
    case 404:
      return say(
        'hub-refused',
        `${endpoint} has no dataset ${repository}, or the token may not see it`,
        'Check the name, and that the token may write to it.',
      )
    case 409:
      return say(
        'hub-refused',
        `${repository} exists, and the token in ${variable} may not see it`,
        `Use a token that may write for ${owner} (${tokens}), or push to another name.`,
      )
    case 412:
      return say(
        'hub-refused',
        `${repository} changed during the push`,
        'Look at its newest commit, and run the same command again: what was sent stays there.',
      )
    default:
      return statusCode === 429 || statusCode >= 500
        ? say(
            'hub-unreachable',
            `${endpoint} fails`,
            'Run the same command again later: what was sent stays there.',
          )
        : say(
            'hub-refused',
            `${endpoint} refused the push to ${repository}`,
            'The message of the Hub says what to change.',
          )
  }
}

/** Null for an error that is no answer of a server. */
function readRefusal(error: unknown): HubRefusal | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' ? { statusCode, message: error.message } : null
}

/** The reason of a failed fetch is in the cause of its error. */
function reasonsOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {}
  return [messageOf(error), ...(cause === undefined ? [] : [messageOf(cause)])]
    .filter((text) => text !== '')
    .join(': ')
}
