import { create, open } from 'rowsmith'

// The columns stand in typescript.yaml; this program makes the dataset, reads it and works with its records.
const result = await create({
  config: 'typescript.yaml',
  rows: 20,
  onEvent(event) {
    if (event.type === 'part-committed') console.log(`${event.rows} rows are safe`)
  },
})
console.log(`${result.rows.accepted} of ${result.rows.requested} rows, in ${result.dir}`)

await using dataset = await open(result.dir)
for await (const record of dataset.records({ limit: 3 })) console.log(record)
