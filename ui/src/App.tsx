/** Providers and the route table. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useEffect } from 'react'
import { BrowserRouter, Navigate, Route, Routes, useLocation, useNavigate } from 'react-router'
import { ApiError, onSessionEnded } from '@/api/http'
import { LiveProvider } from '@/api/live-context'
import { useMe } from '@/api/queries'
import { Problem } from '@/components/Feedback'
import { ZoneProvider } from '@/components/Time'
import { ToastProvider } from '@/components/Toast'
import { ClusterPage } from '@/features/cluster/ClusterPage'
import { ConnectionsPage } from '@/features/connections/ConnectionsPage'
import { DagPage } from '@/features/dag/DagPage'
import { CodeTab } from '@/features/dag/CodeTab'
import { DetailsTab } from '@/features/dag/DetailsTab'
import { GraphTab } from '@/features/dag/GraphTab'
import { GridTab } from '@/features/dag/grid/GridTab'
import { RunsTab } from '@/features/dag/RunsTab'
import { DagsPage } from '@/features/dags/DagsPage'
import { EventsPage } from '@/features/events/EventsPage'
import { ImportErrorsPage } from '@/features/import-errors/ImportErrorsPage'
import { LoginPage } from '@/features/login/LoginPage'
import { PoolsPage } from '@/features/pools/PoolsPage'
import { RunPage } from '@/features/run/RunPage'
import { RunDetails, RunGraph, RunTimeline } from '@/features/run/RunTabs'
import { RunsPage } from '@/features/runs/RunsPage'
import { Shell } from '@/features/shell/Shell'
import { TaskPage } from '@/features/task/TaskPage'
import { TriggerPage } from '@/features/trigger/TriggerPage'
import { VariablesPage } from '@/features/variables/VariablesPage'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The live connection says when something changed; the network coming back is one of its reconnects.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: 'always',
      retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
    },
    mutations: { networkMode: 'always' },
  },
})

const NotFound = () => <Problem error={new ApiError(404, 'This address leads nowhere.')} what="Page" />

export function App() {
  return (
    <QueryClientProvider client={client}>
      <ZoneProvider>
        <ToastProvider>
          <BrowserRouter>
            <Routes>
              <Route path="/login" element={<LoginPage />} />
              <Route element={<Session />}>
                <Route index element={<Navigate to="/dags" replace />} />
                <Route path="/dags" element={<DagsPage />} />
                <Route path="/dags/:dagId" element={<DagPage />}>
                  <Route index element={<GridTab />} />
                  <Route path="graph" element={<GraphTab />} />
                  <Route path="runs" element={<RunsTab />} />
                  <Route path="code" element={<CodeTab />} />
                  <Route path="details" element={<DetailsTab />} />
                </Route>
                <Route path="/dags/:dagId/trigger" element={<TriggerPage />} />
                <Route path="/dags/:dagId/runs/:runId" element={<RunPage />}>
                  <Route index element={<RunTimeline />} />
                  <Route path="graph" element={<RunGraph />} />
                  <Route path="details" element={<RunDetails />} />
                  <Route path="tasks/:taskId" element={<TaskPage />} />
                  <Route path="tasks/:taskId/:mapIndex" element={<TaskPage />} />
                </Route>
                <Route path="/import-errors" element={<ImportErrorsPage />} />
                <Route path="/cluster" element={<ClusterPage />} />
                <Route path="/events" element={<EventsPage />} />
                <Route path="/variables" element={<VariablesPage />} />
                <Route path="/connections" element={<ConnectionsPage />} />
                <Route path="/pools" element={<PoolsPage />} />
                <Route path="/runs" element={<RunsPage />} />
                <Route path="*" element={<NotFound />} />
              </Route>
            </Routes>
          </BrowserRouter>
        </ToastProvider>
      </ZoneProvider>
    </QueryClientProvider>
  )
}

/** Pages for people who are logged in; others are sent to the login page and back. */
function Session() {
  const me = useMe()
  const navigate = useNavigate()
  const location = useLocation()
  const login = `/login?next=${encodeURIComponent(location.pathname + location.search)}`
  useEffect(() => {
    onSessionEnded(() => void navigate(login, { replace: true }))
  }, [navigate, login])

  if (me.isPending) return null
  if (me.isError) {
    if (me.error instanceof ApiError && me.error.status === 401) return <Navigate to={login} replace />
    return <Problem error={me.error} retry={() => void me.refetch()} />
  }
  return (
    <LiveProvider>
      <Shell me={me.data} />
    </LiveProvider>
  )
}
