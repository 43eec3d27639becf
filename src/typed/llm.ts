import type { ColumnSpec, Prompt } from './column-spec.ts'
import type { Model } from './model.ts'
import type { TemplateNames } from './template-names.ts'

/** A schema of Zod, Valibot, ArkType or another library of the Standard Schema. */
export interface Schema<Output = unknown> {
  readonly '~standard': { readonly types?: { readonly output: Output } | undefined }
}

type OutputOf<Given> = Given extends Schema<infer Output> ? Output : unknown

/** What every column that asks a model has. */
interface Asking<Needs, Text extends string, System extends string> {
  /** A model made by `model`, or the alias of one. */
  readonly model: Model | string
  readonly prompt: Prompt<Needs, Text>
  readonly system_prompt?: Prompt<Needs, System>
  readonly tool_alias?: string
  readonly multi_modal_context?: readonly Readonly<Record<string, unknown>>[]
  /** Keeps the conversation in a column `<name>__trace`. */
  readonly with_trace?: 'none' | 'last_message' | 'all_messages'
  /** Keeps what the model thought in a column `<name>__reasoning_content`. */
  readonly extract_reasoning_content?: boolean
}

interface Score {
  readonly name: string
  readonly description: string
  /** The possible scores, each with its meaning. */
  readonly options: Readonly<Record<string, string>>
}

type Judgement<Scores extends readonly Score[]> = {
  readonly [One in Scores[number] as One['name']]: {
    readonly reasoning: string
    readonly score: `${keyof One['options'] & (string | number)}`
  }
}

type Read<Text, System> = TemplateNames<Text> | TemplateNames<System>

interface Llm {
  /** A text. */
  text<Needs, const Text extends string, const System extends string = never>(
    options: Asking<Needs, Text, System>,
  ): ColumnSpec<Needs, string, Read<Text, System>>
  /** A value of the form of a schema: Zod, another Standard Schema, or a JSON Schema. */
  structured<
    Needs,
    const Given extends object,
    const Text extends string,
    const System extends string = never,
  >(
    options: Asking<Needs, Text, System> & { readonly schema: Given },
  ): ColumnSpec<Needs, OutputOf<Given>, Read<Text, System>>
  /** Code, without the surrounding words of the model. */
  code<Needs, const Text extends string, const System extends string = never>(
    options: Asking<Needs, Text, System> & { readonly code_lang: string },
  ): ColumnSpec<Needs, string, Read<Text, System>>
  /** Scores with reasons. */
  judge<
    Needs,
    const Scores extends readonly Score[],
    const Text extends string,
    const System extends string = never,
  >(
    options: Asking<Needs, Text, System> & { readonly scores: Scores },
  ): ColumnSpec<Needs, Judgement<Scores>, Read<Text, System>>
  /** Images, as paths of files in the run folder. */
  image<Needs, const Text extends string>(
    options: Pick<Asking<Needs, Text, never>, 'model' | 'prompt' | 'multi_modal_context'> & {
      readonly count?: number
    },
  ): ColumnSpec<Needs, unknown, TemplateNames<Text>>
  /** Vectors of the texts of a column. */
  embedding<const Column extends string>(options: {
    readonly model: Model | string
    readonly target_column: Column
    readonly batch_size?: number
  }): ColumnSpec<unknown, readonly number[], Column>
}

type AnyOptions = Readonly<Record<string, unknown>> & { readonly model: Model | string }

/** The fields a config has of a column that asks a model; functions become texts of their own. */
function asking(columnType: string, { model, ...rest }: AnyOptions): ColumnSpec<unknown, never> {
  const given = Object.entries(rest)
  const texts = given.filter((entry): entry is [string, (row: unknown) => string] => {
    return typeof entry[1] === 'function' && textFields.has(entry[0])
  })
  const isText = new Set(texts.map(([name]) => name))
  return {
    fields: {
      column_type: columnType,
      model_alias: typeof model === 'string' ? model : model.alias,
      ...Object.fromEntries(given.filter(([name]) => !isText.has(name))),
    },
    model: typeof model === 'string' ? undefined : model,
    texts: Object.fromEntries(texts),
  }
}

const textFields: ReadonlySet<string> = new Set(['prompt', 'system_prompt'])

/** Columns that a model fills: `llm.text({ model: writer, prompt: 'Describe a {{ product }}.' })`. */
export const llm: Llm = {
  text: (options) => asking('llm-text', { ...options }),
  structured: ({ schema, ...options }) =>
    asking('llm-structured', { ...options, output_format: schema }),
  code: (options) => asking('llm-code', { ...options }),
  judge: (options) => asking('llm-judge', { ...options }),
  image: (options) => asking('image', { ...options }),
  embedding: (options) => asking('embedding', { ...options }),
}
