/*
 * Which columns a Jinja text reads, found by the type checker: the first name within `{{ }}`. Texts
 * with `{% %}` may set names of their own and are left to `validate`.
 */

type Trimmed<Text extends string> = Text extends ` ${infer Rest}` | `-${infer Rest}`
  ? Trimmed<Rest>
  : Text

type NameEnd =
  | ' '
  | '.'
  | '|'
  | '['
  | '('
  | ')'
  | ','
  | '~'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '='
  | '!'
  | '<'
  | '>'

type FirstName<
  Text extends string,
  Read extends string = '',
> = Text extends `${infer Letter}${infer Rest}`
  ? Letter extends NameEnd
    ? Read
    : FirstName<Rest, `${Read}${Letter}`>
  : Read

type NamesIn<Text extends string> = Text extends `${string}{{${infer Inner}}}${infer Rest}`
  ? FirstName<Trimmed<Inner>> | NamesIn<Rest>
  : never

/** What begins an expression without being a column: a literal, a word of the language, a function. */
type NoColumn =
  | ''
  | `"${string}`
  | `'${string}`
  | `${number}`
  | 'true'
  | 'false'
  | 'none'
  | 'True'
  | 'False'
  | 'None'
  | 'not'
  | 'range'
  | 'dict'
  | 'lipsum'
  | 'cycler'
  | 'joiner'
  | 'namespace'

/** The columns a template reads; never for a text that is only known when the program runs. */
export type TemplateNames<Text> = Text extends string
  ? string extends Text
    ? never
    : Text extends `${string}{%${string}`
      ? never
      : Exclude<NamesIn<Text>, NoColumn>
  : never
