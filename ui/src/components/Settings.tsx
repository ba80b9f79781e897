/** What the pages of variables, connections and pools share: the frame, the list's states, dialogs. */
import { useState, type ReactNode } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'
import { useRemove, type Kind } from '@/api/crud'
import { ApiError } from '@/api/http'
import { Button, IconButton } from './Button'
import { Confirm, Dialog } from './Dialog'
import { Empty, Problem, Skeleton } from './Feedback'
import { SearchBox } from './Field'
import type { IconName } from './Icon'
import { Bar, Pager, useTitle } from './Page'
import { useShortcuts } from './shortcuts'
import { messageOf, useToast } from './Toast'

export const PAGE = 50

/** The search text and the page of a list. */
export function usePaging() {
  const [text, setText] = useState('')
  const [offset, setOffset] = useState(0)
  return {
    text,
    offset,
    setOffset,
    setText: (next: string) => {
      setText(next)
      setOffset(0)
    },
  }
}

interface FrameProps<Answer> {
  title: string
  one: string
  icon: IconName
  empty: ReactNode
  paging: ReturnType<typeof usePaging>
  list: UseQueryResult<Answer>
  total: number
  count: number
  onNew: () => void
  children: ReactNode
}

export function SettingsFrame<Answer>({ title, one, icon, empty, paging, list, total, count, onNew, children }: FrameProps<Answer>) {
  useTitle(title)
  useShortcuts({ c: onNew })
  return (
    <div className="page">
      <Bar crumbs={[{ label: title }]} lead={list.isSuccess && <span className="count">{total}</span>}>
        <Button kind="primary" icon="plus" onClick={onNew} title={`New ${one} (c)`}>
          New {one}
        </Button>
      </Bar>
      <div className="toolbar">
        <SearchBox label={`Search ${title.toLowerCase()}`} value={paging.text} onChange={paging.setText} />
      </div>
      <div className="page-body">
        {list.isError ? (
          <Problem error={list.error} retry={() => void list.refetch()} />
        ) : list.isPending ? (
          <Skeleton rows={8} height={38} />
        ) : count === 0 ? (
          paging.text === '' ? (
            <Empty icon={icon} title={`No ${title.toLowerCase()} yet`} action={<Button icon="plus" onClick={onNew}>New {one}</Button>}>
              {empty}
            </Empty>
          ) : (
            <Empty icon="search" title={`No ${one} matches`}>
              Change the search.
            </Empty>
          )
        ) : (
          <>
            {children}
            <Pager offset={paging.offset} limit={PAGE} total={total} onOffset={paging.setOffset} />
          </>
        )}
      </div>
    </div>
  )
}

interface FormProps {
  title: string
  busy: boolean
  error: unknown
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
  wide?: boolean
}

export function FormDialog({ title, busy, error, onSubmit, onClose, children, wide = false }: FormProps) {
  // Errors about a field stand at the field.
  const general = error !== null && !(error instanceof ApiError && Object.keys(error.fields).length > 0)
  return (
    <Dialog
      title={title}
      wide={wide}
      onClose={onClose}
      onSubmit={onSubmit}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy}>
            Save
          </Button>
        </>
      }
    >
      <div className="form">{children}</div>
      {general && (
        <p className="form-error" role="alert">
          {messageOf(error)}
        </p>
      )}
    </Dialog>
  )
}

/** The message about one field of a refused request. */
export const fieldError = (error: unknown, field: string): string | undefined => (error instanceof ApiError ? error.fields[field] : undefined)

export function RowActions({ name, onEdit, onRemove }: { name: string; onEdit: () => void; onRemove?: (() => void) | undefined }) {
  return (
    <td className="actions">
      <IconButton icon="pencil" label={`Edit ${name}`} onClick={onEdit} />
      <IconButton icon="trash" label={`Delete ${name}`} disabled={!onRemove} onClick={onRemove} />
    </td>
  )
}

export function RemoveDialog({ kind, one, id, children, onClose }: { kind: Kind; one: string; id: string; children: ReactNode; onClose: () => void }) {
  const remove = useRemove(kind)
  const toast = useToast()
  return (
    <Confirm
      title={`Delete the ${one} ${id}?`}
      confirm="Delete"
      danger
      busy={remove.isPending}
      error={remove.isError ? messageOf(remove.error) : null}
      onClose={onClose}
      onConfirm={() =>
        remove.mutate(id, {
          onSuccess: () => {
            toast.ok(`${id} was deleted.`)
            onClose()
          },
        })
      }
    >
      <p className="dim">{children}</p>
    </Confirm>
  )
}
