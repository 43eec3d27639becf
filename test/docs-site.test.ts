import { expect, test } from 'vitest'
import { navigation } from '../docs/.vitepress/navigation.ts'
import { pages } from './docs/pages.ts'

test('the navigation of the site has every page once', () => {
  const linked = navigation.flatMap(({ links }) => links.map(({ page }) => page))
  expect(linked.toSorted()).toEqual(pages.toSorted())
})
