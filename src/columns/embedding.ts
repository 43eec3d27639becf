import { z } from 'zod'
import { commonFields } from '../config/common-fields.ts'
import { integer, oneOf, text } from '../config/scalars.ts'
import { type ColumnType, vectorType } from '../graph/column-type.ts'
import { CellFailure } from '../graph/failure.ts'
import { type CellResult, defineColumn, type Row } from '../graph/kind.ts'
import type { ModelReply } from '../graph/request.ts'
import type { ModelConfig } from '../config/dataset.ts'
import { toDouble, type Value } from '../util/value.ts'
import { embeddedTexts } from './embedded-texts.ts'
import { readsFields } from './reads-fields.ts'

const forms = ['vector', 'object'] as const
const objectFields = ['embeddings', 'num_embeddings', 'dimension'] as const

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['embedding']),
    target_column: text({ nonEmpty: true }).describe('The column whose texts are embedded.'),
    model_alias: text({ nonEmpty: true }).describe(
      'The alias of an entry in model_configs, of generation_type embedding.',
    ),
    form: oneOf(forms)
      .nullable()
      .default(null)
      .describe(
        'vector: one vector a cell. object: embeddings, num_embeddings and dimension, of one text or a list. By default, object if another column reads one of these fields.',
      ),
    batch_size: integer({ min: 1, max: 2_048 })
      .default(32)
      .describe('Rows whose texts share a request, at most.'),
  })
  .describe('Vectors of texts, made by a model.')

/** Vectors of texts, made by a model: several rows share a request. */
export const embedding = defineColumn({
  type: 'embedding',
  schema,
  describe(config, context) {
    const { name, target_column: target, model_alias: alias } = config
    const form =
      config.form ?? (readsFields(context.columns, name, objectFields) ? 'object' : 'vector')
    return {
      by: 'cell',
      pure: false,
      output: form === 'object' ? 'json' : vectorOf(context.model(alias)),
      references: [{ name: target, path: [...context.path, 'target_column'] }],
      routes: [{ name: alias, operation: 'embed', requests: 'shared' }],
      identity: { model: context.modelIdentity(alias), form },
      ...(form === 'object'
        ? { fieldsAt: (place) => (place.length === 0 ? [...objectFields] : null) }
        : {}),
    }
  },
  bind(config, context) {
    const { target_column: target, model_alias: route, batch_size: most } = config
    const id = context.columnId(target)
    const size = sizeOf(context.model(route))
    const isObject = context.output === 'json'

    function textsOf(row: Row): readonly string[] {
      const texts = embeddedTexts(row.get(id), target)
      if (isObject || texts.length === 1) return texts
      throw new CellFailure(
        'several-texts',
        `the cell of '${target}' is a list of ${texts.length} texts, and a cell of form vector has one vector; give the column form: object`,
        { field: ['form'] },
      )
    }

    return {
      by: 'cell',
      requests: 'shared',
      route,
      most,
      prepare: (rows) => ({
        operation: 'embed',
        inputs: rows.flatMap(textsOf).map((one) => [{ type: 'text', text: one }]),
      }),
      finish(reply, rows) {
        const counts = rows.map((row) => textsOf(row).length)
        const vectors = vectorsOf(reply, counts)
        return vectors.map((own) => cellOf(own, { size, isObject }))
      },
    }
  },
})

/** Of each row its own. */
function vectorsOf({ vectors = [] }: ModelReply, counts: readonly number[]): Float32Array[][] {
  const wanted = counts.reduce((sum, count) => sum + count, 0)
  if (vectors.length !== wanted) {
    throw new CellFailure(
      'wrong-answer',
      `the model gave ${vectors.length} vectors for ${wanted} texts`,
    )
  }
  let at = 0
  return counts.map((count) => vectors.slice(at, (at += count)))
}

function cellOf(
  vectors: readonly Float32Array[],
  { size, isObject }: { size: number | null; isObject: boolean },
): CellResult | CellFailure {
  const [first = new Float32Array()] = vectors
  // The type of the column has the size of a single vector.
  if (!isObject) return { value: first }
  const length = size ?? first.length
  const wrong = vectors.find((vector) => vector.length !== length || length === 0)
  if (wrong !== undefined) {
    return new CellFailure(
      'wrong-size',
      `expected vectors of ${length || 'some'} numbers, got one of ${wrong.length}`,
    )
  }
  const lists = vectors.map((vector) => Array.from(vector, (number) => toDouble(short(number))))
  return {
    value: new Map<string, Value>([
      ['embeddings', lists],
      ['num_embeddings', vectors.length],
      ['dimension', length],
    ]),
  }
}

/** The number with the fewest digits that is the same in 32 bits. */
function short(number: number): number {
  for (const digits of [6, 7, 8]) {
    const candidate = Number(number.toPrecision(digits))
    if (Math.fround(candidate) === number) return candidate
  }
  return number
}

function vectorOf(model: ModelConfig | undefined): ColumnType {
  const size = model === undefined ? null : sizeOf(model)
  return size === null ? 'vector' : vectorType(size)
}

/** What the config says of the size of vectors; null leaves it to the model. */
function sizeOf({ inference_parameters: { dimensions, extra_body: extra } }: ModelConfig) {
  // What is sent as it is goes over it.
  if (extra !== null && extra !== undefined && 'dimensions' in extra) return null
  return dimensions !== undefined && dimensions !== null && dimensions > 0 ? dimensions : null
}
