/** Operator names as a reader knows them. */

/** `_PythonDecoratedOperator` is `@task`; others lose their ending. */
export function operatorLabel(operator: string): string {
  const decorated = /^_?(\w*?)DecoratedOperator$/.exec(operator)?.[1]
  if (decorated !== undefined) return decorated === 'Python' || decorated === '' ? '@task' : `@task.${decorated.toLowerCase()}`
  return operator.replace(/^_/, '').replace(/(?<=.)Operator$/, '')
}
