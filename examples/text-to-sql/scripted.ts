import { found, numberFor, pick, scriptedModel } from '../scripted-model.ts'

const queries = [
  'SELECT name, total FROM orders WHERE total > 10',
  'SELECT name, total FROM orders ORDER BY total DESC LIMIT 2',
  'SELECT count(*) AS large FROM orders WHERE total > 10',
  'SELECT name, rank() OVER (ORDER BY total) AS place FROM orders',
  // No SQL; nothing comes back; a table that the request does not need; a table that does not exist.
  'SELECT name, FROM orders',
  'SELECT name FROM orders WHERE total < 0',
  'SELECT orders.name FROM orders JOIN canteen_menus ON canteen_menus.id = orders.id',
  'SELECT name FROM customers',
]

const ddl = `CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, total REAL);
INSERT INTO orders VALUES (1, 'Ida', 20), (2, 'Max', 5), (3, 'Eva', 40);
CREATE TABLE canteen_menus (id INTEGER PRIMARY KEY, dish TEXT);
INSERT INTO canteen_menus VALUES (1, 'soup'), (2, 'rice');`

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('You work in')) {
    return `Show me large orders for ${found(/about (.+?) that/, prompt)} (request ${numberFor(prompt, 1_000)}).`
  }
  if (prompt.startsWith('Design SQLite'))
    return JSON.stringify({ ddl, distractor: 'canteen_menus' })
  if (prompt.startsWith('Request:')) {
    const relevance = { reasoning: 'It lists them.', score: numberFor(prompt, 5) === 0 ? '2' : '4' }
    const readability = { reasoning: 'It is short.', score: '3' }
    return JSON.stringify({ relevance, readability })
  }
  return `\`\`\`sql\n${pick(queries, prompt)};\n\`\`\``
})
