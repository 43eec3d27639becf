/** @param {{ i: number }} row */
export const sides = ({ i }) => (i % 2 === 0 ? { one: 'a', two: 'bb' } : { one: 'aa', two: 'b' })
