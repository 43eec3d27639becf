/**
 * The script of the page: shows the records, page by page, and searches them. It only makes elements and
 * text nodes, so nothing of a record becomes markup; the page's policy allows this script alone.
 */
export const recordViewer = String.raw`
'use strict'
const data = document.getElementById('record-data')
if (data !== null) show(JSON.parse(data.textContent))

function show({ columns, records, isByRow }) {
  const perPage = columns.length > 20 ? 2 : 5
  const list = document.querySelector('.records')
  const pager = document.querySelector('.pager')
  const search = pager.querySelector('input')
  const status = pager.querySelector('[role=status]')
  const [back, on] = pager.querySelectorAll('button')
  let found = records
  let first = 0
  let texts = null

  pager.hidden = false
  search.addEventListener('input', () => {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== '')
    texts ??= records.map(({ cells }) => JSON.stringify(cells.map(searched)).toLowerCase())
    found = records.filter((_, at) => words.every((word) => texts[at].includes(word)))
    first = 0
    draw()
  })
  for (const button of [back, on]) {
    button.addEventListener('click', () => turn(Number(button.dataset.step)))
  }
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '/' && !typing) {
      event.preventDefault()
      search.focus()
    } else if (event.key === 'n' && !typing) turn(1)
    else if (event.key === 'p' && !typing) turn(-1)
  })
  draw()

  function turn(step) {
    const next = first + step * perPage
    if (next < 0 || next >= found.length) return
    first = next
    draw()
  }

  function draw() {
    const shown = found.slice(first, first + perPage)
    list.replaceChildren(...shown.map(card))
    status.textContent =
      found.length === 0
        ? 'No record has it'
        : (first + 1).toLocaleString('en-US') + ' to ' + (first + shown.length).toLocaleString('en-US') +
          ' of ' + found.length.toLocaleString('en-US')
    back.disabled = first === 0
    on.disabled = first + perPage >= found.length
  }

  function card({ at, cells }) {
    const short = element('dl', 'short')
    const long = element('div', 'long')
    columns.forEach((column, index) => {
      const cell = cells[index]
      if (isShort(column, cell)) {
        const pair = element('div')
        pair.append(element('dt', '', column.name), scalar(cell, 'dd'))
        short.append(pair)
      } else {
        long.append(element('h4', '', column.name), body(column, cell))
      }
    })
    const made = element('article', 'card record')
    made.setAttribute('role', 'listitem')
    made.append(element('h3', '', (isByRow ? 'Row ' : 'Record ') + at.toLocaleString('en-US')))
    if (short.childElementCount > 0) made.append(short)
    if (long.childElementCount > 0) made.append(long)
    return made
  }
}

/** What is searched of a cell: no bytes of its files. */
function searched(cell) {
  if (!Array.isArray(cell)) return cell
  return cell.map((file) => (file !== null && typeof file === 'object' && 'src' in file ? file.name : file))
}

function isShort(column, cell) {
  if (cell === null) return true
  if (column.isMedia || column.code !== null || typeof cell === 'object') return false
  return typeof cell !== 'string' || (cell.length <= 60 && !cell.includes('\n'))
}

function body(column, cell) {
  if (column.isMedia) return media(cell)
  if (column.code !== null) return folded(String(cell), code)
  return value(cell, 0)
}

function value(cell, depth) {
  if (typeof cell === 'string') return folded(cell, prose)
  if (cell === null || typeof cell !== 'object') return scalar(cell, 'span')
  if (isChat(cell)) return chat(cell, depth)
  const all = Array.isArray(cell) ? cell.map((one, at) => [String(at + 1), one]) : Object.entries(cell)
  if (all.length === 0) return element('span', 'soft', Array.isArray(cell) ? '[]' : '{}')
  const made = element('dl', 'fields')
  for (const [name, inner] of all.slice(0, 200)) {
    made.append(element('dt', '', name))
    const field = element('dd')
    field.append(depth > 8 ? code(JSON.stringify(inner)) : value(inner, depth + 1))
    made.append(field)
  }
  if (all.length > 200) made.append(element('dd', 'soft', '… ' + (all.length - 200) + ' more'))
  return made
}

function isChat(cell) {
  return (
    Array.isArray(cell) &&
    cell.length > 0 &&
    cell.every((one) => one !== null && typeof one === 'object' && typeof one.role === 'string' && 'content' in one)
  )
}

function chat(messages, depth) {
  const made = element('div', 'chat')
  for (const { role, content, ...rest } of messages) {
    const message = element('div', 'message')
    message.dataset.role = role
    message.append(element('b', '', role), value(partsText(content), depth + 1))
    if (Object.keys(rest).length > 0) message.append(value(rest, depth + 1))
    made.append(message)
  }
  return made
}

/** Parts of a message that are texts, as one. */
function partsText(content) {
  if (!Array.isArray(content)) return content
  const texts = content.map((part) => (part !== null && typeof part === 'object' ? part.text : undefined))
  return texts.every((text) => typeof text === 'string') ? texts.join('\n') : content
}

function scalar(cell, tag) {
  const made = element(tag, cell === null ? 'soft' : '', cell === null ? 'null' : String(cell))
  made.dir = 'auto'
  return made
}

/** Blocks between fences are code. */
function prose(text) {
  const made = element('div', 'prose')
  text.split(/^(\x60\x60\x60[^\n]*\n[\s\S]*?^\x60\x60\x60[ ]*)$/m).forEach((piece, at) => {
    if (at % 2 === 1) {
      made.append(code(piece.replace(/^[^\n]*\n/, '').replace(/\n?[^\n]*$/, '')))
    } else if (piece.trim() !== '') {
      const paragraph = element('p', 'words', piece.replace(/^\n+|\n+$/g, ''))
      paragraph.dir = 'auto'
      made.append(paragraph)
    }
  })
  return made
}

function code(text) {
  const made = element('pre')
  made.tabIndex = 0
  made.append(element('code', '', text))
  return made
}

/** The beginning of a long text, with a button for all of it. */
function folded(text, draw) {
  const lines = text.split('\n')
  if (text.length <= 900 && lines.length <= 16) return draw(text)
  const start = lines.slice(0, 12).join('\n').slice(0, 600)
  const made = element('div')
  const button = element('button', '', '')
  button.type = 'button'
  let open = true
  function turn() {
    open = !open
    button.textContent = open ? 'Show less' : 'Show all, ' + text.length.toLocaleString('en-US') + ' characters'
    button.setAttribute('aria-expanded', String(open))
    made.replaceChildren(draw(open ? text : start + ' …'), button)
  }
  button.addEventListener('click', () => {
    turn()
    button.focus()
  })
  turn()
  return made
}

function media(files) {
  const made = element('div', 'media')
  for (const { name, mime, src, href } of files) {
    const link = element(href === null ? 'span' : 'a')
    if (href !== null) link.href = href
    if (src === null) link.textContent = name
    else {
      const image = element('img')
      image.src = src
      image.alt = mime + ' ' + name
      link.append(image)
    }
    made.append(link)
  }
  return made
}

function element(tag, className = '', text = null) {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  if (text !== null) made.textContent = text
  return made
}
`
