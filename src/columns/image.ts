import { z } from 'zod'
import { commonFields } from '../config/common-fields.ts'
import { integer, oneOf, text } from '../config/scalars.ts'
import type { ModelConfig } from '../config/dataset.ts'
import { CellFailure } from '../graph/failure.ts'
import { type BindContext, defineColumn, type Row, type TaskContext } from '../graph/kind.ts'
import { type Content, textOf } from '../graph/request.ts'
import { mimeOfBytes } from '../util/media-type.ts'
import { bindTemplate, templateStream } from './bind-template.ts'
import { describePrompt } from './describe-template.ts'
import { downloadImage } from './download-image.ts'
import { bindMedia, hasMedia, mediaField, mediaProblems, mediaReferences } from './media-context.ts'
import { placeMedia } from './place-media.ts'
import type { MediaBlock } from './read-media.ts'

const mostImages = 64

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['image']),
    prompt: text().describe(
      'The description of the image: a Jinja template over columns of the row.',
    ),
    model_alias: text({ nonEmpty: true }).describe(
      'The alias of an entry in model_configs, of generation_type image.',
    ),
    multi_modal_context: mediaField,
    count: integer({ min: 1, max: mostImages })
      .nullable()
      .default(null)
      .describe("Images of each cell; by default n of the model's extra_body, or 1."),
  })
  .describe('Images made by a model.')

/** Images made by a model: files of the run folder, whose paths the cells are. */
export const image = defineColumn({
  type: 'image',
  schema,
  templates: ['prompt'],
  describe(config, context) {
    const { name, model_alias: alias } = config
    const prompt = describePrompt(name, config.prompt, context, {
      hasOtherInput: hasMedia(config),
    })
    return {
      by: 'cell',
      pure: false,
      output: 'media',
      references: [...prompt.references, ...mediaReferences(config, context)],
      routes: [{ name: alias, operation: 'image', requests: 'many' }],
      identity: context.modelIdentity(alias),
      problems: [...prompt.problems, ...mediaProblems(context)],
    }
  },
  bind(config, context) {
    const { name, model_alias: route } = config
    const random = context.random(templateStream(name, 'prompt'))
    const written = bindTemplate(config.prompt, { field: 'prompt', random, context })
    const count = config.count ?? usualCount(context.model(route))
    const mediaOf = bindMedia(config, context)

    async function promptOf(row: Row): Promise<Content[]> {
      const said = written(row)
      const media = await mediaOf(row)
      return media.length === 0 ? [{ type: 'text', text: said }] : placeMedia(said, media)
    }

    return {
      by: 'cell',
      requests: 'many',
      async run(row, task) {
        const images = await askFor(count, { route, prompt: await promptOf(row), task })
        const wanted = config.count === null ? images : images.slice(0, count)
        const files: string[] = []
        for (const one of wanted) {
          const bytes = await bytesOf(one, context, task)
          const mime = mimeOfBytes(bytes)
          if (mime?.startsWith('image/') !== true) {
            throw new CellFailure(
              'no-image',
              `the model "${context.model(route).model}" answered with ${bytes.length} bytes of no known image type`,
            )
          }
          files.push((await context.media.put(bytes, mime)).path)
        }
        return { value: files }
      },
    }
  },
})

interface Asking {
  route: string
  prompt: readonly Content[]
  task: TaskContext
}

/** Models that make fewer at once are asked again. */
async function askFor(
  count: number,
  { route, prompt, task: { request } }: Asking,
): Promise<MediaBlock[]> {
  const images: MediaBlock[] = []
  while (images.length < count) {
    const missing = count - images.length
    const { content } = await request(route, { operation: 'image', prompt, count: missing })
    const found = content.filter((block) => block.type === 'media')
    if (found.length === 0) {
      const raw = textOf(content)
      throw new CellFailure('no-image', `the model of "${route}" answered without an image`, {
        raw,
      })
    }
    images.push(...found)
  }
  return images
}

async function bytesOf(
  { media }: MediaBlock,
  context: BindContext,
  task: TaskContext,
): Promise<Uint8Array> {
  if ('base64' in media) return Buffer.from(media.base64, 'base64')
  const { url } = media
  // Such addresses are good for an hour: what they had is kept as a reply is.
  const base64 = await task.step('download', { url }, (signal) =>
    downloadImage(url, context, signal),
  )
  // What the step gave, now or in an earlier session.
  return Buffer.from(base64 as string, 'base64')
}

function usualCount({ inference_parameters: { extra_body: extra } }: ModelConfig): number {
  const count = Number(extra?.['n'] ?? 1)
  return Number.isSafeInteger(count) && count >= 1 ? Math.min(count, mostImages) : 1
}
