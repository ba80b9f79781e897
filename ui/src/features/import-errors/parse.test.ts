import { describe, expect, it } from 'vitest'
import { readError } from './parse'

const error = (stack_trace: string, more: { message?: string; line?: number } = {}) => ({ filename: 'x/dag.py', stack_trace, ...more })

describe('readError', () => {
  it('takes the last place in the file itself, not in what it called', () => {
    const trace = 'Traceback (most recent call last):\n  File "/dags/x/dag.py", line 41, in <module>\n    build()\n  File "/dags/lib.py", line 9, in build\n    raise ValueError("no")\nValueError: no\nsecond line\n'
    expect(readError(error(trace))).toEqual({ message: 'ValueError: no\nsecond line', line: 41 })
  })
  it('reads a syntax error', () => {
    expect(readError(error('  File "/dags/x/dag.py", line 3\n    def broken(:\n               ^\nSyntaxError: invalid syntax\n'))).toEqual({ message: 'SyntaxError: invalid syntax', line: 3 })
  })
  it('prefers what the server tells', () => {
    expect(readError(error('whatever', { message: 'cycle in a, b', line: 7 }))).toEqual({ message: 'cycle in a, b', line: 7 })
  })
  it('takes a text without a traceback as it is', () => {
    expect(readError(error('The file did not finish within 50 s.'))).toEqual({ message: 'The file did not finish within 50 s.', line: null })
  })
})
