import { defineConfig } from 'vitepress'
import { navigation } from './navigation.ts'

/** The address of a page; the README is the first one. */
function linkOf(page: string): string {
  return page === 'README.md' ? '/' : `/${page.replace(/\.md$/, '')}`
}

// npm run docs:site. The pages are those of the repository, so that links work in both.
export default defineConfig({
  title: 'rowsmith',
  description: 'Synthetic datasets with language models',
  srcDir: '..',
  srcExclude: ['{bench,build,dist,examples,packages,runs,schema,skills,src,templates,test}/**'],
  rewrites: { 'README.md': 'index.md' },
  // Files of the repository that are no pages; test/docs.test.ts looks whether they exist.
  ignoreDeadLinks: [/\/(?:examples|schema|src|test|docs\/reference)(?:\/|$)[^.]*(?:\.(?!md)\w+)?$/],
  markdown: {
    config(markdown) {
      const inline = markdown.renderer.rules.code_inline
      // Braces of templates are no expressions of Vue.
      markdown.renderer.rules.code_inline = (...parameters) =>
        (inline?.(...parameters) ?? '').replace('<code', '<code v-pre')
      // Words such as <name> are no elements.
      markdown.renderer.rules['html_inline'] = (tokens, at) =>
        markdown.utils.escapeHtml(tokens[at]?.content ?? '')
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: navigation.map(({ text, links }) => ({
      text,
      collapsed: false,
      items: links.map((link) => ({ text: link.text, link: linkOf(link.page) })),
    })),
  },
})
