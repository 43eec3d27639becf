import { expect, test } from 'vitest'
import { datasetFileName, planDatasetFiles } from './dataset-plan.ts'

test('a file is full once its parts hold the limit', () => {
  const sizes = [60, 50, 10, 200, 1].map((bytes, index) => ({ part: index * 2, bytes }))
  expect(planDatasetFiles(sizes, 100)).toStrictEqual([0, 4, 8])
  expect(planDatasetFiles(sizes, 1)).toStrictEqual([0, 2, 4, 6, 8])
  expect(planDatasetFiles([], 100)).toStrictEqual([])
})

test('names sort in the order of the rows', () => {
  expect(datasetFileName(0, 1)).toBe('train-00000-of-00001.parquet')
  expect(datasetFileName(12, 345)).toBe('train-00012-of-00345.parquet')
})
