import { describe, expect, it } from 'vitest'
import { confOf, fieldsOf, fromDraft, initialDrafts, parseConf, parseJson, type ParamField } from './params'

const field = (value: unknown, schema: object): ParamField => {
  const [found] = fieldsOf({ x: { value, schema, description: null } })
  if (!found) throw new Error('no field')
  return found
}
const problem = (f: ParamField, draft: string | boolean) => {
  const parsed = fromDraft(f, draft)
  return parsed.ok ? null : parsed.message
}

describe('fieldsOf', () => {
  it('chooses a field by the schema', () => {
    const kinds = fieldsOf({
      a: { value: 'x', schema: { type: 'string', enum: ['x', 'y'] } },
      b: { value: 1, schema: { type: 'integer' } },
      c: { value: true, schema: { type: 'boolean' } },
      d: { value: ['x'], schema: { type: 'array', items: { type: 'string' } } },
      e: { value: {}, schema: { type: 'object' } },
      f: { value: null, schema: { type: ['null', 'string'], format: 'date' } },
      g: { value: 1, schema: { type: ['integer', 'string'] } },
      h: { value: [1], schema: { type: 'array' } },
    }).map((f) => f.kind)
    expect(kinds).toEqual(['choice', 'number', 'boolean', 'lines', 'json', 'date', 'json', 'json'])
  })
  it('guesses by the value when there is no schema', () => {
    expect(fieldsOf({ a: 'x', b: 2, c: false, d: null, e: ['x'], f: { k: 1 } }).map((f) => [f.kind, f.initial])).toEqual([
      ['text', 'x'], ['number', 2], ['boolean', false], ['text', null], ['lines', ['x']], ['json', { k: 1 }],
    ])
  })
  it('has none for no params', () => {
    expect(fieldsOf(null)).toEqual([])
  })
})

describe('fromDraft', () => {
  it('checks numbers', () => {
    const days = field(7, { type: 'integer', minimum: 1, maximum: 90 })
    expect(problem(days, '0')).toBe('At least 1.')
    expect(problem(days, '91')).toBe('At most 90.')
    expect(problem(days, '1.5')).toBe('This has to be a whole number.')
    expect(problem(days, 'x')).toBe('This is not a number.')
    expect(problem(days, '')).toBe('A value is needed.')
    expect(fromDraft(days, '14')).toEqual({ ok: true, value: 14 })
  })
  it('checks texts', () => {
    const name = field('x', { type: 'string', minLength: 2, pattern: '^[a-z]+$' })
    expect(problem(name, 'a')).toBe('At least 2 characters.')
    expect(problem(name, 'AB')).toBe('It has to match ^[a-z]+$.')
    expect(problem(name, 'ab')).toBe(null)
    expect(problem(field('', { type: 'string', pattern: '(?P<x>a)' }), 'b')).toBe(null)
  })
  it('takes nothing as null where null is allowed', () => {
    expect(fromDraft(field(null, { type: ['null', 'string'], format: 'date' }), '')).toEqual({ ok: true, value: null })
    expect(fromDraft(field('', { type: 'string' }), '')).toEqual({ ok: true, value: '' })
  })
  it('keeps the type of choices', () => {
    const f = field(1, { enum: [1, 'one', null] })
    expect(initialDrafts([f])).toEqual({ x: '1' })
    expect(fromDraft(f, '"one"')).toEqual({ ok: true, value: 'one' })
  })
  it('splits lines', () => {
    expect(fromDraft(field(['a'], { type: 'array', items: { type: 'string' } }), 'a\n\n b ')).toEqual({ ok: true, value: ['a', 'b'] })
  })
})

it('gives back the initial values when nothing was typed', () => {
  const params = { a: { value: ['x'], schema: { type: 'array', items: { type: 'string' } } }, b: { value: { c: 1 }, schema: { type: 'object' } }, d: { value: null, schema: { type: ['null', 'integer'] } }, e: 2.5, f: true }
  const fields = fieldsOf(params)
  expect(confOf(fields, initialDrafts(fields))).toEqual({ conf: { a: ['x'], b: { c: 1 }, d: null, e: 2.5, f: true }, errors: {} })
})

describe('json', () => {
  it('says where it is wrong', () => {
    const parsed = parseJson('{\n  "a": oops\n}')
    expect(parsed.ok ? '' : parsed.message).toMatch(/oken/)
    expect(parseJson('{"a": 1}')).toEqual({ ok: true, value: { a: 1 } })
  })
  it('wants an object', () => {
    expect(parseConf('[1]').ok).toBe(false)
    expect(parseConf('  ')).toEqual({ ok: true, value: {} })
  })
})
