/** Panning and zooming a picture: pure arithmetic, and the hook that connects it to pointer and wheel. */
import { useCallback, useEffect, useRef, useState, type PointerEvent, type RefObject } from 'react'

export interface View {
  x: number
  y: number
  scale: number
}

interface Size {
  width: number
  height: number
}

const LEAST = 0.15
const MOST = 2

/** The view after zooming by `factor` with the point (px, py) of the frame kept where it is. */
export function zoomAt(view: View, factor: number, px: number, py: number): View {
  const scale = Math.min(MOST, Math.max(LEAST, view.scale * factor))
  const ratio = scale / view.scale
  return { scale, x: px - (px - view.x) * ratio, y: py - (py - view.y) * ratio }
}

/** The view that shows all of the content, centred, never enlarged. */
export function fitView(content: Size, frame: Size, margin: number): View {
  if (content.width === 0 || content.height === 0) return { x: margin, y: margin, scale: 1 }
  const scale = Math.min(1, Math.max(LEAST, Math.min((frame.width - 2 * margin) / content.width, (frame.height - 2 * margin) / content.height)))
  return { scale, x: (frame.width - content.width * scale) / 2, y: (frame.height - content.height * scale) / 2 }
}

export interface PanZoom {
  frame: RefObject<HTMLDivElement | null>
  view: View
  fit: () => void
  zoom: (factor: number) => void
  onPointerDown: (event: PointerEvent) => void
}

const MARGIN = 32

export function usePanZoom(content: Size): PanZoom {
  const frame = useRef<HTMLDivElement>(null)
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 })
  // Until somebody moves it, the picture keeps fitting its frame.
  const moved = useRef(false)
  const { width, height } = content

  const fit = useCallback(() => {
    moved.current = false
    const element = frame.current
    if (element) setView(fitView({ width, height }, { width: element.clientWidth, height: element.clientHeight }, MARGIN))
  }, [width, height])

  const zoom = useCallback((factor: number) => {
    const element = frame.current
    moved.current = true
    if (element) setView((now) => zoomAt(now, factor, element.clientWidth / 2, element.clientHeight / 2))
  }, [])

  useEffect(() => {
    const element = frame.current
    if (!element) return
    const observer = new ResizeObserver(() => {
      if (!moved.current) fit()
    })
    observer.observe(element)
    // React listens passively to wheels, and a passive listener cannot keep the page from zooming.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault()
      moved.current = true
      const box = element.getBoundingClientRect()
      setView((now) =>
        event.ctrlKey || event.metaKey || (event.deltaX === 0 && Math.abs(event.deltaY) >= 40)
          ? zoomAt(now, Math.exp(-event.deltaY / (event.ctrlKey ? 90 : 400)), event.clientX - box.left, event.clientY - box.top)
          : { ...now, x: now.x - event.deltaX, y: now.y - event.deltaY },
      )
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => {
      observer.disconnect()
      element.removeEventListener('wheel', onWheel)
    }
  }, [fit])

  useEffect(() => {
    if (!moved.current) fit()
  }, [fit])

  const onPointerDown = useCallback((event: PointerEvent) => {
    if (event.button !== 0 || (event.target instanceof Element && event.target.closest('a, button'))) return
    const element = frame.current
    element?.setPointerCapture(event.pointerId)
    let { clientX, clientY } = event
    const move = (next: globalThis.PointerEvent) => {
      moved.current = true
      const dx = next.clientX - clientX
      const dy = next.clientY - clientY
      ;({ clientX, clientY } = next)
      setView((now) => ({ ...now, x: now.x + dx, y: now.y + dy }))
    }
    const stop = () => {
      element?.removeEventListener('pointermove', move)
      element?.removeEventListener('pointerup', stop)
      element?.removeEventListener('pointercancel', stop)
    }
    element?.addEventListener('pointermove', move)
    element?.addEventListener('pointerup', stop)
    element?.addEventListener('pointercancel', stop)
  }, [])

  return { frame, view, fit, zoom, onPointerDown }
}
