import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'

/** Person number n of a table made here. */
export interface TablePerson {
  name: string
  sex: string
  age: number
  city: string
  region: string
}

/** Everybody differs in the last name; ages go from 10 to 89. */
export function tablePerson(index: number): TablePerson {
  return {
    name: `Number ${index}`,
    sex: index % 2 === 0 ? 'Female' : 'Male',
    age: 10 + (index % 80),
    city: ['Albany', 'Fresno', 'Ithaca'][index % 3] ?? '',
    region: ['NY', 'CA', 'NY'][index % 3] ?? '',
  }
}

/**
 * Writes a table as NeMo Data Designer's are, with a column that is no field of a person and one without
 * values; answers the folder of managed assets.
 */
export async function writePersonTable(
  folder: string,
  { locale = 'en_US', size = 240, rowGroupSize = 100 } = {},
): Promise<string> {
  const people = Array.from({ length: size }, (_, index) => tablePerson(index))
  const column = (name: string, data: unknown[], type: 'STRING' | 'INT32' | 'JSON' = 'STRING') => ({
    name,
    data,
    type,
  })
  const writer = new ByteWriter()
  await parquetWrite({
    writer,
    rowGroupSize,
    columnData: [
      column(
        'persona',
        people.map(({ name }) => `${name} likes rain.`),
      ),
      column(
        'first_name',
        people.map(() => 'Zoë'),
      ),
      column(
        'last_name',
        people.map(({ name }) => name),
      ),
      column(
        'middle_name',
        people.map((_, index) => (index % 2 === 0 ? null : 'Q')),
      ),
      column(
        'sex',
        people.map(({ sex }) => sex),
      ),
      column(
        'age',
        people.map(({ age }) => age),
        'INT32',
      ),
      column(
        'city',
        people.map(({ city }) => city),
      ),
      column(
        'region',
        people.map(({ region }) => region),
      ),
      column(
        'district',
        people.map(() => null),
      ),
      column(
        'postcode',
        people.map((_, index) => (index === 7 ? null : '10001')),
      ),
      column(
        'education_level',
        people.map(() => 'bachelors'),
      ),
      column(
        'openness',
        people.map(({ age }) => ({ t_score: age, label: 'low' })),
        'JSON',
      ),
      column(
        'internal_rank',
        people.map((_, index) => index),
        'INT32',
      ),
    ],
  })
  const path = join(folder, 'datasets', `${locale}.parquet`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, writer.getBytes())
  return folder
}
