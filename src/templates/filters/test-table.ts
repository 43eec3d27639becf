import { arithmetic, toNumeric } from '../values/arithmetic.ts'
import { compare, contains, equals, isSame, type ComparisonOperator } from '../values/compare.ts'
import { tryIterate } from '../values/iterate.ts'
import {
  Callable,
  Facade,
  isDict,
  isList,
  Markup,
  Range,
  textOf,
  Tuple,
  Undefined,
  type Operand,
} from '../values/operand.ts'
import { defineOperations, type Definition, type Operation } from '../values/operation.ts'
import { toText } from '../values/python-text.ts'
import { isFilter, isTest, type TestName } from '../parse/stock-names.ts'
import { isLower, isUpper } from '../values/string-case.ts'

const definitions: Readonly<Record<TestName, Definition>> = {
  defined: is((operand) => !(operand instanceof Undefined)),
  undefined: is((operand) => operand instanceof Undefined),
  none: is((operand) => operand === null),
  boolean: is((operand) => typeof operand === 'boolean'),
  true: is((operand) => operand === true),
  false: is((operand) => operand === false),
  integer: is((operand) => typeof operand !== 'boolean' && toNumeric(operand)?.float === false),
  float: is((operand) => toNumeric(operand)?.float === true),
  number: is((operand) => toNumeric(operand) !== undefined),
  string: is((operand) => textOf(operand) !== undefined),
  mapping: is(isDict),
  sequence: is(
    (operand) =>
      textOf(operand) !== undefined ||
      isList(operand) ||
      isDict(operand) ||
      operand instanceof Tuple ||
      operand instanceof Range ||
      (operand instanceof Undefined && !operand.strict),
  ),
  iterable: is((operand) => tryIterate(operand) !== null),
  callable: is(
    (operand) =>
      operand instanceof Callable ||
      operand instanceof Undefined ||
      (operand instanceof Facade && operand.call !== null),
  ),
  escaped: is((operand) => operand instanceof Markup),
  lower: is((operand) => isLower(toText(operand))),
  upper: is((operand) => isUpper(toText(operand))),
  odd: is((operand) => equals(arithmetic('%', operand, 2), 1)),
  even: is((operand) => equals(arithmetic('%', operand, 2), 0)),
  divisibleby: {
    parameters: ['num'],
    apply: (operand, [number = null]) => equals(arithmetic('%', operand, number), 0),
  },
  sameas: { parameters: ['other'], apply: (operand, [other = null]) => isSame(operand, other) },
  in: { parameters: ['seq'], apply: (operand, [list = null]) => contains(list, operand) },
  filter: is((operand) => isFilter(textOf(operand) ?? '')),
  test: is((operand) => isTest(textOf(operand) ?? '')),
  '==': comparison('=='),
  eq: comparison('=='),
  equalto: comparison('=='),
  '!=': comparison('!='),
  ne: comparison('!='),
  '>': comparison('>'),
  gt: comparison('>'),
  greaterthan: comparison('>'),
  '>=': comparison('>='),
  ge: comparison('>='),
  '<': comparison('<'),
  lt: comparison('<'),
  lessthan: comparison('<'),
  '<=': comparison('<='),
  le: comparison('<='),
}

export const testTable: ReadonlyMap<string, Operation> = defineOperations(definitions)

function is(holds: (operand: Operand) => boolean): Definition {
  return { apply: holds }
}

function comparison(operator: ComparisonOperator): Definition {
  return {
    parameters: ['other'],
    apply: (operand, [other = null]) => compare(operator, operand, other),
  }
}
