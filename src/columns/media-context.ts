import { z } from 'zod'
import { withForm } from '../config/json-form.ts'
import { isMapping } from '../config/literal.ts'
import type { Problem } from '../config/problem.ts'
import { list, oneOf, text } from '../config/scalars.ts'
import type { BindContext, DescribeContext, Reference, Row } from '../graph/kind.ts'
import { type MediaBlock, readMedia, roomOfRequest } from './read-media.ts'

const common = {
  column_name: text({ nonEmpty: true }).describe('The column whose values are the media.'),
  data_type: oneOf(['url', 'base64'])
    .nullable()
    .default(null)
    .describe('The form of its values; detected from each value by default.'),
}

function format<const Word extends string>(words: readonly Word[]) {
  return oneOf(words)
    .nullable()
    .default(null)
    .describe('Of base64; detected from the bytes by default.')
}

function modality<const Word extends string>(word: Word) {
  return oneOf([word]).describe('The kind of media: image, audio or video.')
}

const image = z.strictObject({
  modality: modality('image').default('image'),
  ...common,
  image_format: format(['png', 'jpg', 'jpeg', 'gif', 'webp']),
})
const audio = z.strictObject({
  modality: modality('audio'),
  ...common,
  audio_format: format(['mp3', 'wav']),
})
const video = z.strictObject({
  modality: modality('video'),
  ...common,
  video_format: format(['mp4', 'mov', 'webm']),
})

type Item = z.output<typeof image> | z.output<typeof audio> | z.output<typeof video>

function schemaFor(value: unknown): z.ZodType<Item> {
  const given = isMapping(value) ? value['modality'] : undefined
  if (given === 'audio') return audio
  return given === 'video' ? video : image
}

const known = z.object({ modality: oneOf(['image', 'audio', 'video']).default('image') })

const item = withForm(
  z.unknown().transform((input, context): Item => {
    // A word that is none says which there are.
    const which = isMapping(input) ? known.safeParse(input) : null
    const result = which?.success === false ? which : schemaFor(input).safeParse(input)
    if (result.success) return result.data
    for (const issue of result.error.issues) context.issues.push({ ...issue, input: undefined })
    return z.NEVER
  }),
  { like: () => z.union([image, audio, video]) },
)

/** The field of every kind whose requests may have images, sounds and films in addition to their prompt. */
export const mediaField = list(item)
  .nullable()
  .default(null)
  .describe('Images, audio and video in the prompt, from other columns of the row.')

export interface MediaConfig {
  readonly multi_modal_context: readonly Item[] | null
}

/** Whether requests have media: then they are conversations, which read them before they ask. */
export function hasMedia({ multi_modal_context: items }: MediaConfig): boolean {
  return items !== null && items.length > 0
}

/** The columns that media come from. */
export function mediaReferences(
  { multi_modal_context: items }: MediaConfig,
  { path }: DescribeContext,
): Reference[] {
  return (items ?? []).map(({ column_name: name }, at) => ({
    name,
    path: [...path, 'multi_modal_context', at, 'column_name'],
  }))
}

/** Items that say nothing of what their media are count as images, as they always did. */
export function mediaProblems({ path, written }: DescribeContext): Problem[] {
  const items = written['multi_modal_context']
  if (!Array.isArray(items)) return []
  return items.flatMap((one: unknown, at): Problem[] => {
    if (!isMapping(one) || one['modality'] !== undefined) return []
    return [
      {
        level: 'warning',
        code: 'missing-modality',
        path: [...path, 'multi_modal_context', at],
        message: `Item ${at + 1} of 'multi_modal_context' has no 'modality', and is taken for an image`,
        suggestion: 'Write modality: image, audio or video.',
      },
    ]
  })
}

/** Reads the media of a row, in the order of the config. */
export function bindMedia(
  { multi_modal_context: items }: MediaConfig,
  context: BindContext,
): (row: Row) => Promise<MediaBlock[]> {
  const sources = (items ?? []).map((one, at) => {
    const id = context.columnId(one.column_name)
    const isKept = context.columnType(id) === 'media'
    const { column_name: column, data_type: dataType, modality: kind } = one
    const source = { column, kind, dataType, format: formatOf(one), at }
    return { id, source, isKept }
  })
  return async (row) => {
    const media: MediaBlock[] = []
    const room = roomOfRequest()
    for (const { id, source, isKept } of sources) {
      const { directory, media: store } = context
      const kept = isKept ? store : null
      media.push(...(await readMedia(row.get(id), source, { directory, kept, room })))
    }
    return media
  }
}

function formatOf(one: Item): string | null {
  if ('image_format' in one) return one.image_format
  return 'audio_format' in one ? one.audio_format : one.video_format
}
