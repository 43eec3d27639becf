/** A link of the navigation: its text, and its page by the path in the repository. */
export interface NavigationLink {
  text: string
  page: string
}

export interface NavigationGroup {
  text: string
  links: readonly NavigationLink[]
}

/** Every page of the site, in the order of a reader. */
export const navigation: readonly NavigationGroup[] = [
  {
    text: 'Start',
    links: [
      { text: 'Overview', page: 'README.md' },
      { text: 'Quickstart', page: 'docs/quickstart.md' },
      { text: 'A tour', page: 'docs/tour.md' },
      { text: 'Concepts', page: 'docs/concepts.md' },
      { text: 'Examples', page: 'docs/examples.md' },
      { text: 'Coming from Data Designer', page: 'docs/coming-from-data-designer.md' },
    ],
  },
  {
    text: 'How to',
    links: [
      { text: 'Get JSON of a fixed shape', page: 'docs/how-to/structured-values.md' },
      { text: 'Questions from documents', page: 'docs/how-to/questions-from-documents.md' },
      { text: 'Keep rows that a judge accepts', page: 'docs/how-to/judge-and-filter.md' },
      { text: 'Remove near duplicates', page: 'docs/how-to/near-duplicates.md' },
      { text: 'Export training data', page: 'docs/how-to/training-data.md' },
      { text: 'Publish to the Hub', page: 'docs/how-to/publish-to-the-hub.md' },
      { text: 'Pay half with batches', page: 'docs/how-to/batches.md' },
      { text: 'Use a local model', page: 'docs/how-to/local-models.md' },
      { text: 'Call your own function', page: 'docs/how-to/own-functions.md' },
      { text: 'Check and replay in CI', page: 'docs/how-to/continuous-integration.md' },
    ],
  },
  {
    text: 'Guides',
    links: [
      { text: 'Config', page: 'docs/config.md' },
      { text: 'Checks', page: 'docs/checks.md' },
      { text: 'Report', page: 'docs/report.md' },
      { text: 'Resume and failures', page: 'docs/resume-and-failures.md' },
      { text: 'Operations', page: 'docs/operations.md' },
      { text: 'Observability', page: 'docs/observability.md' },
      { text: 'Security', page: 'docs/security.md' },
      { text: 'Troubleshooting', page: 'docs/troubleshooting.md' },
    ],
  },
  {
    text: 'Reference',
    links: [
      { text: 'Command line', page: 'docs/cli.md' },
      { text: 'Columns', page: 'docs/reference/columns.md' },
      { text: 'Samplers', page: 'docs/reference/samplers.md' },
      { text: 'Seeds', page: 'docs/reference/seeds.md' },
      { text: 'Validators', page: 'docs/reference/validators.md' },
      { text: 'Processors', page: 'docs/reference/processors.md' },
      { text: 'Providers', page: 'docs/reference/providers.md' },
      { text: 'Library', page: 'docs/reference/library.md' },
      { text: 'Library: rowsmith/plugin', page: 'docs/reference/library-plugin.md' },
      { text: 'Library: rowsmith/testing', page: 'docs/reference/library-testing.md' },
      { text: 'Glossary', page: 'docs/glossary.md' },
    ],
  },
  {
    text: 'Project',
    links: [
      { text: 'Differences from Data Designer', page: 'docs/differences.md' },
      { text: 'Architecture', page: 'docs/architecture.md' },
      { text: 'Benchmarks', page: 'docs/benchmarks.md' },
      { text: 'Contributing', page: 'CONTRIBUTING.md' },
      { text: 'Changelog', page: 'CHANGELOG.md' },
    ],
  },
]
