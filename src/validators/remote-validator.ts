import { z } from 'zod'
import { double, integer, mapping, text } from '../config/scalars.ts'
import { CellFailure } from '../graph/failure.ts'
import type { Loaded } from '../graph/kind.ts'
import { messageOf } from '../util/errors.ts'
import { parseJson, stringifyJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'
import { defineValidator, type Verdict } from './define.ts'
import { readVerdict } from './read-verdict.ts'
import { compileResultSchema, type ResultCheck } from './result-schema.ts'

const params = z
  .strictObject({
    endpoint_url: text({ nonEmpty: true })
      .superRefine((written, context) => {
        const message = addressFault(written)
        if (message !== null) context.addIssue({ code: 'custom', message })
      })
      .describe(
        'The address that gets { data: [record, …] } and answers with { data: [verdict, …] }.',
      ),
    output_schema: mapping()
      .nullable()
      .default(null)
      .describe(
        'A JSON Schema of { data: [verdict, …] }; fields that its objects do not name are refused.',
      ),
    timeout: double({ above: 0 }).default(30).describe('Seconds a request may take.'),
    max_retries: integer({ min: 0 })
      .default(3)
      .describe('Read, and without effect: the run config says how often requests are tried.'),
    retry_backoff: double({ above: 1 })
      .default(2)
      .describe('Read, and without effect: the run config says how often requests are tried.'),
    max_parallel_requests: integer({ min: 1 }).default(4).describe('Requests at once, at most.'),
  })
  .describe('The verdict of an HTTP service on the targets of a row.')

interface LoadedRemote extends Loaded {
  readonly faultsIn: ResultCheck
}

/** What a service over HTTP says of the targets of a row, some rows at a time. */
export const remoteValidator = defineValidator<z.output<typeof params>, LoadedRemote>({
  type: 'remote',
  params,
  judges: 'row',
  by: 'request',
  load: ({ output_schema: schema }) =>
    Promise.resolve({ identity: undefined, faultsIn: compileResultSchema(schema) }),
  describe: () => ({ fields: null }),
  service: (config) => ({
    url: config.endpoint_url,
    timeoutSeconds: config.timeout,
    requestsAtOnce: config.max_parallel_requests,
  }),
  write: (subjects) => stringifyJson(new Map([['data', subjects.map(({ targets }) => targets)]])),
  read(answer, subjects, { faultsIn }) {
    const verdicts = listIn(answer)
    if (verdicts.length !== subjects) {
      throw wrong(`gave ${verdicts.length} verdicts for ${subjects} records`)
    }
    return verdicts.map((given): Verdict | Error => {
      const verdict = readVerdict(given)
      if (typeof verdict === 'string')
        return wrong(`must give objects with is_valid, and ${verdict}`)
      const plain: unknown = JSON.parse(stringifyJson(given))
      const [fault] = faultsIn({ data: [plain] })
      return fault === undefined
        ? verdict
        : wrong(`gave a verdict that does not fit output_schema: ${fault}`)
    })
  },
})

function listIn(answer: string): readonly Value[] {
  let read: Value
  try {
    read = parseJson(answer)
  } catch (error) {
    throw wrong(`answered with no JSON: ${messageOf(error)}`, error)
  }
  const data = read instanceof Map ? read.get('data') : undefined
  if (Array.isArray(data)) return data
  throw wrong('must answer with { "data": [ … ] }')
}

function wrong(what: string, cause?: unknown): CellFailure {
  return new CellFailure('wrong-verdict', `the service ${what}`, { cause })
}

/** Why an address can't be asked, or null. */
function addressFault(written: string): string | null {
  const url = URL.parse(written)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return 'an http or https URL, such as http://localhost:9000/check'
  }
  return url.username === '' && url.password === ''
    ? null
    : 'an address without a user or password, which would be stored with the dataset'
}
