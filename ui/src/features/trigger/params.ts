/** A DAG's params as a form: which field each one gets, and how what was typed becomes a value. */

export interface ParamSchema {
  type?: string | string[]
  title?: string
  description?: string
  format?: string
  enum?: unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  minItems?: number
  items?: { type?: string | string[] }
  section?: string
  const?: unknown
  values_display?: Record<string, string>
}

export type FieldKind = 'text' | 'multiline' | 'number' | 'boolean' | 'choice' | 'lines' | 'json' | 'date' | 'date-time' | 'time'

export interface ParamField {
  name: string
  label: string
  hint: string | null
  kind: FieldKind
  schema: ParamSchema
  /** Whether nothing (null) is a value. */
  nullable: boolean
  section: string | null
  initial: unknown
}

/** What a field holds while it is edited: text, or a check mark. */
export type Draft = string | boolean

export type Drafts = Record<string, Draft>

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function typesOf(schema: ParamSchema, initial: unknown): string[] {
  if (schema.type !== undefined) return typeof schema.type === 'string' ? [schema.type] : schema.type
  // A plain value in `params` has no schema: its own type is the best guess, and null may stay null.
  if (initial === null || initial === undefined) return ['null', 'string']
  if (Array.isArray(initial)) return ['array']
  return [typeof initial === 'number' ? 'number' : typeof initial]
}

function kindOf(schema: ParamSchema, types: readonly string[], initial: unknown): FieldKind {
  if (schema.enum) return 'choice'
  const main = types.filter((type) => type !== 'null')
  if (main.length > 1) return 'json'
  switch (main[0]) {
    case 'boolean':
      return 'boolean'
    case 'integer':
    case 'number':
      return 'number'
    case 'array': {
      const strings = schema.items ? schema.items.type === 'string' : Array.isArray(initial) && initial.every((item) => typeof item === 'string')
      return strings ? 'lines' : 'json'
    }
    case 'string':
      return schema.format === 'date' || schema.format === 'date-time' || schema.format === 'time' ? schema.format : schema.format === 'multiline' ? 'multiline' : 'text'
    default:
      return 'json'
  }
}

/** The fields of a form, from `params` as the API gives them (each a value, or an object with value and schema). */
export function fieldsOf(params: Record<string, unknown> | null | undefined): ParamField[] {
  return Object.entries(params ?? {}).flatMap(([name, raw]): ParamField[] => {
    const wrapped = isRecord(raw) && 'value' in raw && ('schema' in raw || '__class' in raw)
    const schema: ParamSchema = wrapped && isRecord(raw['schema']) ? raw['schema'] : {}
    if (schema.const !== undefined) return []
    const initial = wrapped ? raw['value'] : raw
    const types = typesOf(schema, initial)
    const hint = wrapped && typeof raw['description'] === 'string' ? raw['description'] : (schema.description ?? null)
    return [{ name, label: schema.title ?? name, hint, kind: kindOf(schema, types, initial), schema, nullable: types.includes('null'), section: schema.section ?? null, initial }]
  })
}

/** How a value looks in its field. */
export function toDraft(field: ParamField, value: unknown): Draft {
  if (field.kind === 'boolean') return value === true
  if (value === null || value === undefined) return ''
  if (field.kind === 'lines' && Array.isArray(value)) return value.join('\n')
  if (field.kind === 'choice') return JSON.stringify(value)
  if (field.kind === 'json' || typeof value === 'object') return JSON.stringify(value, null, 2)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export type Parsed = { ok: true; value: unknown } | { ok: false; message: string }

const bad = (message: string): Parsed => ({ ok: false, message })

/** The value that was typed, or what is wrong with it. */
export function fromDraft(field: ParamField, draft: Draft): Parsed {
  const { schema } = field
  if (typeof draft === 'boolean') return { ok: true, value: draft }
  if (draft === '' && field.kind !== 'lines') {
    if (field.nullable) return { ok: true, value: null }
    if ((field.kind === 'text' || field.kind === 'multiline') && (schema.minLength ?? 0) === 0 && schema.pattern === undefined) return { ok: true, value: '' }
    return bad('A value is needed.')
  }
  switch (field.kind) {
    case 'number': {
      const value = Number(draft)
      const whole = typesOf(schema, field.initial).includes('integer')
      if (!Number.isFinite(value)) return bad('This is not a number.')
      if (whole && !Number.isInteger(value)) return bad('This has to be a whole number.')
      if (schema.minimum !== undefined && value < schema.minimum) return bad(`At least ${schema.minimum}.`)
      if (schema.maximum !== undefined && value > schema.maximum) return bad(`At most ${schema.maximum}.`)
      if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) return bad(`More than ${schema.exclusiveMinimum}.`)
      if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum) return bad(`Less than ${schema.exclusiveMaximum}.`)
      return { ok: true, value }
    }
    case 'lines': {
      const value = draft.split('\n').map((line) => line.trim()).filter((line) => line !== '')
      if (value.length < (schema.minItems ?? 0)) return bad(`At least ${schema.minItems} lines.`)
      return { ok: true, value: value.length === 0 && field.nullable ? null : value }
    }
    case 'choice':
    case 'json':
      return parseJson(draft)
    default:
      if (draft.length < (schema.minLength ?? 0)) return bad(`At least ${schema.minLength} characters.`)
      if (draft.length > (schema.maxLength ?? Infinity)) return bad(`At most ${schema.maxLength} characters.`)
      if (schema.pattern !== undefined && !matches(schema.pattern, draft)) return bad(`It has to match ${schema.pattern}.`)
      return { ok: true, value: draft }
  }
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    // A Python pattern that JavaScript does not know: the server decides.
    return true
  }
}

export const initialDrafts = (fields: readonly ParamField[], conf: Record<string, unknown> = {}): Drafts =>
  Object.fromEntries(fields.map((field) => [field.name, toDraft(field, field.name in conf ? conf[field.name] : field.initial)]))

export interface Conf {
  conf: Record<string, unknown>
  errors: Record<string, string>
}

/** The configuration that a filled form stands for, with the messages of the fields that are wrong. */
export function confOf(fields: readonly ParamField[], drafts: Drafts): Conf {
  const result: Conf = { conf: {}, errors: {} }
  for (const field of fields) {
    const parsed = fromDraft(field, drafts[field.name] ?? '')
    if (parsed.ok) result.conf[field.name] = parsed.value
    else result.errors[field.name] = parsed.message
  }
  return result
}

/** Parses JSON; the message names the line and column when the engine tells the position. */
export function parseJson(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const at = /position (\d+)/.exec(message)?.[1]
    const reason = message.replace(/ in JSON.*| at position.*/s, '').replace(/^JSON\.parse: /, '').replace(/, (\.\.\.)?".*/s, '')
    if (at === undefined) return bad(`This is not JSON: ${/end of/i.test(message) ? 'it ends too early' : reason}.`)
    const before = text.slice(0, Number(at)).split('\n')
    return bad(`Line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${reason}.`)
  }
}

/** A whole configuration: JSON that is an object. */
export function parseConf(text: string): { ok: true; value: Record<string, unknown> } | { ok: false; message: string } {
  if (text.trim() === '') return { ok: true, value: {} }
  const parsed = parseJson(text)
  if (!parsed.ok) return parsed
  return isRecord(parsed.value) ? { ok: true, value: parsed.value } : { ok: false, message: 'The configuration has to be an object: { … }.' }
}
