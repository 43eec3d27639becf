import type { InferenceParameters } from '../config/dataset.ts'
import type { Operation } from './request.ts'

/** What a model of a `generation_type` does. */
export const operationOf: Readonly<Record<InferenceParameters['generation_type'], Operation>> = {
  'chat-completion': 'chat',
  embedding: 'embed',
  image: 'image',
}
