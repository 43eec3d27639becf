/** Three columns that need nothing but the run seed. */
export const pets = {
  columns: [
    {
      name: 'animal',
      column_type: 'sampler',
      sampler_type: 'category',
      params: { values: ['cat', 'dog', 'frog'] },
    },
    {
      name: 'age',
      column_type: 'sampler',
      sampler_type: 'uniform',
      params: { low: 1, high: 9 },
      convert_to: 'int',
    },
    { name: 'line', column_type: 'expression', expr: 'A {{ animal }} of {{ age }} years.' },
  ],
}

export interface StoriesOptions {
  /** Base URL of the model server. */
  url: string
  apiKey?: string
  parallel?: number
  provider?: object
  model?: object
  /** Further fields of the column that asks the model. */
  story?: object
  columns?: readonly object[]
}

/** A number per row and a text the model writes about it. */
export function stories({
  url,
  apiKey,
  parallel = 4,
  provider = {},
  model = {},
  story = {},
  columns = [],
}: StoriesOptions): object {
  return {
    model_providers: [
      {
        name: 'local',
        endpoint: url,
        ...(apiKey === undefined ? {} : { api_key: apiKey }),
        ...provider,
      },
    ],
    model_configs: [
      {
        alias: 'writer',
        provider: 'local',
        model: 'test',
        inference_parameters: { max_parallel_requests: parallel },
        ...model,
      },
    ],
    columns: [
      {
        name: 'number',
        column_type: 'sampler',
        sampler_type: 'uniform',
        params: { low: 0, high: 1_000_000 },
        convert_to: 'int',
      },
      {
        name: 'story',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'A story of {{ number }}.',
        ...story,
      },
      ...columns,
    ],
  }
}
