asset.id bigint NOT NULL IDENTITY
asset.name text NOT NULL
asset.uri text NOT NULL
asset.asset_group text NOT NULL DEFAULT 'asset'::text
asset.extra text NOT NULL DEFAULT '{}'::text
asset.created_at bigint NOT NULL
asset.updated_at bigint NOT NULL
asset asset_key UNIQUE (name, uri)
asset asset_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX asset_key ON public.asset USING btree (name, uri)
CREATE UNIQUE INDEX asset_pkey ON public.asset USING btree (id)
CREATE INDEX asset_uri ON public.asset USING btree (uri)
asset_alias.id bigint NOT NULL IDENTITY
asset_alias.name text NOT NULL
asset_alias.alias_group text NOT NULL DEFAULT 'asset'::text
asset_alias asset_alias_name UNIQUE (name)
asset_alias asset_alias_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX asset_alias_name ON public.asset_alias USING btree (name)
CREATE UNIQUE INDEX asset_alias_pkey ON public.asset_alias USING btree (id)
asset_alias_asset.alias_id bigint NOT NULL
asset_alias_asset.asset_id bigint NOT NULL
asset_alias_asset asset_alias_asset_alias_id_fkey FOREIGN KEY (alias_id) REFERENCES asset_alias(id) ON DELETE CASCADE
asset_alias_asset asset_alias_asset_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id) ON DELETE CASCADE
asset_alias_asset asset_alias_asset_pkey PRIMARY KEY (alias_id, asset_id)
CREATE UNIQUE INDEX asset_alias_asset_pkey ON public.asset_alias_asset USING btree (alias_id, asset_id)
CREATE INDEX asset_alias_of_asset ON public.asset_alias_asset USING btree (asset_id)
asset_alias_reference.dag_id text NOT NULL
asset_alias_reference.kind text NOT NULL
asset_alias_reference.task_id text NOT NULL
asset_alias_reference.alias_id bigint NOT NULL
asset_alias_reference.created_at bigint NOT NULL
asset_alias_reference.updated_at bigint NOT NULL
asset_alias_reference asset_alias_reference_alias_id_fkey FOREIGN KEY (alias_id) REFERENCES asset_alias(id) ON DELETE CASCADE
asset_alias_reference asset_alias_reference_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
asset_alias_reference asset_alias_reference_kind CHECK ((kind = ANY (ARRAY['schedule'::text, 'outlet'::text, 'inlet'::text])))
asset_alias_reference asset_alias_reference_pkey PRIMARY KEY (dag_id, kind, task_id, alias_id)
CREATE INDEX asset_alias_reference_alias ON public.asset_alias_reference USING btree (alias_id, kind)
CREATE UNIQUE INDEX asset_alias_reference_pkey ON public.asset_alias_reference USING btree (dag_id, kind, task_id, alias_id)
asset_event.id bigint NOT NULL IDENTITY
asset_event.asset_id bigint NOT NULL
asset_event.at bigint NOT NULL
asset_event.extra text NOT NULL DEFAULT '{}'::text
asset_event.source_dag_id text
asset_event.source_task_id text
asset_event.source_run_id text
asset_event.source_map_index integer
asset_event.partition_key text
asset_event.partition_date bigint
asset_event asset_event_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id)
asset_event asset_event_pkey PRIMARY KEY (id)
CREATE INDEX asset_event_asset ON public.asset_event USING btree (asset_id, at, id)
CREATE INDEX asset_event_at ON public.asset_event USING btree (at, id)
CREATE UNIQUE INDEX asset_event_pkey ON public.asset_event USING btree (id)
CREATE INDEX asset_event_source ON public.asset_event USING btree (source_dag_id, source_run_id) WHERE (source_dag_id IS NOT NULL)
asset_event_alias.event_id bigint NOT NULL
asset_event_alias.alias_id bigint NOT NULL
asset_event_alias asset_event_alias_alias_id_fkey FOREIGN KEY (alias_id) REFERENCES asset_alias(id) ON DELETE CASCADE
asset_event_alias asset_event_alias_event_id_fkey FOREIGN KEY (event_id) REFERENCES asset_event(id) ON DELETE CASCADE
asset_event_alias asset_event_alias_pkey PRIMARY KEY (event_id, alias_id)
CREATE INDEX asset_event_alias_alias ON public.asset_event_alias USING btree (alias_id, event_id)
CREATE UNIQUE INDEX asset_event_alias_pkey ON public.asset_event_alias USING btree (event_id, alias_id)
asset_loose_reference.dag_id text NOT NULL
asset_loose_reference.kind text NOT NULL
asset_loose_reference.task_id text NOT NULL
asset_loose_reference.name text NOT NULL
asset_loose_reference.uri text NOT NULL
asset_loose_reference asset_loose_reference_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
asset_loose_reference asset_loose_reference_kind CHECK ((kind = ANY (ARRAY['schedule'::text, 'outlet'::text, 'inlet'::text])))
asset_loose_reference asset_loose_reference_one CHECK (((name = ''::text) <> (uri = ''::text)))
asset_loose_reference asset_loose_reference_pkey PRIMARY KEY (dag_id, kind, task_id, name, uri)
CREATE INDEX asset_loose_reference_name ON public.asset_loose_reference USING btree (name, kind)
CREATE UNIQUE INDEX asset_loose_reference_pkey ON public.asset_loose_reference USING btree (dag_id, kind, task_id, name, uri)
CREATE INDEX asset_loose_reference_uri ON public.asset_loose_reference USING btree (uri, kind)
asset_queue.dag_id text NOT NULL
asset_queue.event_id bigint NOT NULL
asset_queue.partition_key text NOT NULL DEFAULT ''::text
asset_queue.asset_id bigint NOT NULL
asset_queue asset_queue_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id) ON DELETE CASCADE
asset_queue asset_queue_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
asset_queue asset_queue_event_id_fkey FOREIGN KEY (event_id) REFERENCES asset_event(id) ON DELETE CASCADE
asset_queue asset_queue_pkey PRIMARY KEY (dag_id, event_id, partition_key)
CREATE INDEX asset_queue_asset ON public.asset_queue USING btree (dag_id, asset_id, event_id)
CREATE INDEX asset_queue_event ON public.asset_queue USING btree (event_id)
CREATE INDEX asset_queue_of_asset ON public.asset_queue USING btree (asset_id)
CREATE UNIQUE INDEX asset_queue_pkey ON public.asset_queue USING btree (dag_id, event_id, partition_key)
asset_reference.dag_id text NOT NULL
asset_reference.kind text NOT NULL
asset_reference.task_id text NOT NULL
asset_reference.asset_id bigint NOT NULL
asset_reference.created_at bigint NOT NULL
asset_reference.updated_at bigint NOT NULL
asset_reference asset_reference_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id) ON DELETE CASCADE
asset_reference asset_reference_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
asset_reference asset_reference_kind CHECK ((kind = ANY (ARRAY['schedule'::text, 'outlet'::text, 'inlet'::text])))
asset_reference asset_reference_pkey PRIMARY KEY (dag_id, kind, task_id, asset_id)
CREATE INDEX asset_reference_asset ON public.asset_reference USING btree (asset_id, kind)
CREATE UNIQUE INDEX asset_reference_pkey ON public.asset_reference USING btree (dag_id, kind, task_id, asset_id)
asset_state_store.asset_id bigint NOT NULL
asset_state_store.key text NOT NULL
asset_state_store.updated_at bigint NOT NULL
asset_state_store.writer text NOT NULL
asset_state_store.dag_id text
asset_state_store.run_id text
asset_state_store.task_id text
asset_state_store.map_index integer
asset_state_store.value text NOT NULL
asset_state_store asset_state_store_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id) ON DELETE CASCADE
asset_state_store asset_state_store_pkey PRIMARY KEY (asset_id, key)
asset_state_store asset_state_store_writer CHECK ((writer = ANY (ARRAY['task'::text, 'watcher'::text, 'api'::text])))
CREATE UNIQUE INDEX asset_state_store_pkey ON public.asset_state_store USING btree (asset_id, key)
asset_watcher.dag_id text NOT NULL
asset_watcher.asset_id bigint NOT NULL
asset_watcher.name text NOT NULL
asset_watcher.watcher text NOT NULL
asset_watcher.classpath text NOT NULL
asset_watcher.kwargs text NOT NULL
asset_watcher.created_at bigint NOT NULL
asset_watcher asset_watcher_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id) ON DELETE CASCADE
asset_watcher asset_watcher_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
asset_watcher asset_watcher_pkey PRIMARY KEY (dag_id, asset_id, name)
CREATE INDEX asset_watcher_asset ON public.asset_watcher USING btree (asset_id)
CREATE UNIQUE INDEX asset_watcher_pkey ON public.asset_watcher USING btree (dag_id, asset_id, name)
CREATE INDEX asset_watcher_watcher ON public.asset_watcher USING btree (watcher)
awaited_change.id bigint NOT NULL IDENTITY
awaited_change.dag_id text NOT NULL
awaited_change awaited_change_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX awaited_change_pkey ON public.awaited_change USING btree (id)
backfill.id bigint NOT NULL IDENTITY
backfill.dag_id text NOT NULL
backfill.from_date bigint NOT NULL
backfill.to_date bigint NOT NULL
backfill.dag_run_conf text
backfill.is_paused boolean NOT NULL DEFAULT false
backfill.run_backwards boolean NOT NULL
backfill.reprocess_behavior text NOT NULL
backfill.max_active_runs integer NOT NULL
backfill.triggering_user text
backfill.created_at bigint NOT NULL
backfill.updated_at bigint NOT NULL
backfill.completed_at bigint
backfill backfill_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
backfill backfill_max_active_runs CHECK ((max_active_runs >= 1))
backfill backfill_pkey PRIMARY KEY (id)
backfill backfill_reprocess CHECK ((reprocess_behavior = ANY (ARRAY['none'::text, 'failed'::text, 'completed'::text])))
CREATE INDEX backfill_of_dag ON public.backfill USING btree (dag_id, id)
CREATE UNIQUE INDEX backfill_one_active ON public.backfill USING btree (dag_id) WHERE (completed_at IS NULL)
CREATE UNIQUE INDEX backfill_pkey ON public.backfill USING btree (id)
backfill_dag_run.backfill_id bigint NOT NULL
backfill_dag_run.ordinal integer NOT NULL
backfill_dag_run.logical_date bigint
backfill_dag_run.run_key bigint
backfill_dag_run.exception_reason text
backfill_dag_run backfill_dag_run_backfill_id_fkey FOREIGN KEY (backfill_id) REFERENCES backfill(id) ON DELETE CASCADE
backfill_dag_run backfill_dag_run_pkey PRIMARY KEY (backfill_id, ordinal)
backfill_dag_run backfill_dag_run_run_key_fkey FOREIGN KEY (run_key) REFERENCES dag_run(id) ON DELETE SET NULL
CREATE UNIQUE INDEX backfill_dag_run_pkey ON public.backfill_dag_run USING btree (backfill_id, ordinal)
CREATE INDEX backfill_dag_run_run ON public.backfill_dag_run USING btree (run_key) WHERE (run_key IS NOT NULL)
callback.id bigint NOT NULL IDENTITY
callback.kind text NOT NULL
callback.dag_id text NOT NULL
callback.run_key bigint
callback.ti_id bigint
callback.bundle_name text NOT NULL
callback.relative_fileloc text NOT NULL
callback.created_at bigint NOT NULL
callback.attempts integer NOT NULL DEFAULT 0
callback.claimed_by bigint
callback.lease_until bigint
callback.request text NOT NULL
callback callback_claim_whole CHECK (((claimed_by IS NULL) = (lease_until IS NULL)))
callback callback_kind CHECK ((kind = ANY (ARRAY['task'::text, 'dag'::text, 'deadline'::text, 'sla'::text, 'reference'::text])))
callback callback_pkey PRIMARY KEY (id)
CREATE INDEX callback_of_bundle ON public.callback USING btree (bundle_name, id)
CREATE UNIQUE INDEX callback_pkey ON public.callback USING btree (id)
connection.conn_id text NOT NULL
connection.conn_type text NOT NULL
connection.description text
connection.host text
connection.schema text
connection.login text
connection.password text
connection.port integer
connection.extra text
connection.is_encrypted boolean NOT NULL
connection.is_extra_encrypted boolean NOT NULL
connection.updated_at bigint NOT NULL
connection connection_pkey PRIMARY KEY (conn_id)
CREATE UNIQUE INDEX connection_pkey ON public.connection USING btree (conn_id)
connection_test.token text NOT NULL
connection_test.conn_id text NOT NULL
connection_test.state text NOT NULL
connection_test.result_message text
connection_test.created_at bigint NOT NULL
connection_test connection_test_pkey PRIMARY KEY (token)
connection_test connection_test_state CHECK ((state = ANY (ARRAY['pending'::text, 'running'::text, 'success'::text, 'failed'::text])))
CREATE INDEX connection_test_conn ON public.connection_test USING btree (conn_id)
CREATE UNIQUE INDEX connection_test_pkey ON public.connection_test USING btree (token)
dag.dag_id text NOT NULL
dag.display_name text
dag.bundle_name text NOT NULL
dag.relative_fileloc text NOT NULL
dag.fileloc text NOT NULL
dag.is_paused boolean NOT NULL
dag.is_stale boolean NOT NULL DEFAULT false
dag.description text
dag.owners text NOT NULL DEFAULT '[]'::text
dag.timetable text NOT NULL
dag.timetable_summary text
dag.timetable_description text
dag.start_date bigint
dag.end_date bigint
dag.catchup boolean NOT NULL DEFAULT false
dag.max_active_runs integer NOT NULL
dag.max_active_tasks integer NOT NULL
dag.max_consecutive_failed_dag_runs integer NOT NULL DEFAULT 0
dag.has_import_errors boolean NOT NULL DEFAULT false
dag.next_logical_date bigint
dag.next_interval_start bigint
dag.next_interval_end bigint
dag.next_run_after bigint
dag.next_version_id bigint
dag.last_parsed_at bigint
dag.last_parse_ms bigint
dag.latest_version_id bigint
dag.created_at bigint NOT NULL
dag.updated_at bigint NOT NULL
dag.is_partitioned boolean NOT NULL DEFAULT false
dag.allowed_run_types text
dag.bundle_version text
dag dag_next_run_whole CHECK ((((next_run_after IS NULL) = (next_interval_start IS NULL)) AND ((next_run_after IS NULL) = (next_interval_end IS NULL))))
dag dag_pkey PRIMARY KEY (dag_id)
CREATE INDEX dag_file_of ON public.dag USING btree (bundle_name, relative_fileloc)
CREATE UNIQUE INDEX dag_pkey ON public.dag USING btree (dag_id)
dag_access.dag_id text NOT NULL
dag_access.role text NOT NULL
dag_access.resource text NOT NULL
dag_access.action text NOT NULL
dag_access dag_access_pkey PRIMARY KEY (dag_id, role, resource, action)
CREATE UNIQUE INDEX dag_access_pkey ON public.dag_access USING btree (dag_id, role, resource, action)
CREATE INDEX dag_access_role ON public.dag_access USING btree (role)
dag_favorite.dag_id text NOT NULL
dag_favorite.username text NOT NULL
dag_favorite dag_favorite_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
dag_favorite dag_favorite_pkey PRIMARY KEY (dag_id, username)
CREATE UNIQUE INDEX dag_favorite_pkey ON public.dag_favorite USING btree (dag_id, username)
dag_file.bundle_name text NOT NULL
dag_file.relative_fileloc text NOT NULL
dag_file.content_hash text NOT NULL
dag_file.modules text NOT NULL DEFAULT '[]'::text
dag_file.last_parsed_at bigint NOT NULL
dag_file.parse_ms bigint NOT NULL
dag_file.dag_count integer NOT NULL
dag_file dag_file_pkey PRIMARY KEY (bundle_name, relative_fileloc)
CREATE UNIQUE INDEX dag_file_pkey ON public.dag_file USING btree (bundle_name, relative_fileloc)
dag_run.id bigint NOT NULL IDENTITY
dag_run.dag_id text NOT NULL
dag_run.run_id text NOT NULL
dag_run.run_type text NOT NULL
dag_run.triggered_by text NOT NULL
dag_run.triggering_user text
dag_run.logical_date bigint
dag_run.data_interval_start bigint
dag_run.data_interval_end bigint
dag_run.run_after bigint NOT NULL
dag_run.queued_at bigint
dag_run.start_date bigint
dag_run.end_date bigint
dag_run.state text NOT NULL
dag_run.clear_number integer NOT NULL DEFAULT 0
dag_run.owner bigint
dag_run.dag_version_id bigint
dag_run.bundle_version text
dag_run.state_counts text NOT NULL DEFAULT '{}'::text
dag_run.note text
dag_run.conf text NOT NULL DEFAULT '{}'::text
dag_run.created_at bigint NOT NULL
dag_run.updated_at bigint NOT NULL
dag_run.partition_key text
dag_run.partition_date bigint
dag_run.backfill_id bigint
dag_run.backfill_ordinal integer
dag_run.fence bigint NOT NULL DEFAULT 0
dag_run dag_run_finished_has_end CHECK (((state = ANY (ARRAY['success'::text, 'failed'::text])) = (end_date IS NOT NULL)))
dag_run dag_run_pkey PRIMARY KEY (id)
dag_run dag_run_queued_has_queued_at CHECK (((state <> 'queued'::text) OR (queued_at IS NOT NULL)))
dag_run dag_run_run_id UNIQUE (dag_id, run_id)
dag_run dag_run_running_has_start CHECK (((state <> 'running'::text) OR (start_date IS NOT NULL)))
dag_run dag_run_state CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'success'::text, 'failed'::text])))
dag_run dag_run_type CHECK ((run_type = ANY (ARRAY['backfill'::text, 'scheduled'::text, 'manual'::text, 'operator_triggered'::text, 'asset_triggered'::text, 'asset_materialization'::text])))
CREATE INDEX dag_run_active ON public.dag_run USING btree (dag_id, state, owner) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]))
CREATE INDEX dag_run_automated ON public.dag_run USING btree (dag_id, logical_date) WHERE (run_type = ANY (ARRAY['backfill'::text, 'scheduled'::text]))
CREATE INDEX dag_run_backfill ON public.dag_run USING btree (backfill_id, state) WHERE (backfill_id IS NOT NULL)
CREATE INDEX dag_run_failed ON public.dag_run USING btree (run_after DESC, id DESC) WHERE (state = 'failed'::text)
CREATE UNIQUE INDEX dag_run_logical_date ON public.dag_run USING btree (dag_id, logical_date) WHERE (logical_date IS NOT NULL)
CREATE INDEX dag_run_newest ON public.dag_run USING btree (run_after DESC, id DESC)
CREATE INDEX dag_run_newest_of_dag ON public.dag_run USING btree (dag_id, run_after DESC, id DESC)
CREATE INDEX dag_run_partition ON public.dag_run USING btree (dag_id, partition_key) WHERE (partition_key IS NOT NULL)
CREATE UNIQUE INDEX dag_run_pkey ON public.dag_run USING btree (id)
CREATE UNIQUE INDEX dag_run_run_id ON public.dag_run USING btree (dag_id, run_id)
CREATE INDEX dag_run_updated ON public.dag_run USING btree (updated_at)
dag_run_asset_event.run_key bigint NOT NULL
dag_run_asset_event.event_id bigint NOT NULL
dag_run_asset_event dag_run_asset_event_event_id_fkey FOREIGN KEY (event_id) REFERENCES asset_event(id) ON DELETE CASCADE
dag_run_asset_event dag_run_asset_event_pkey PRIMARY KEY (run_key, event_id)
dag_run_asset_event dag_run_asset_event_run_key_fkey FOREIGN KEY (run_key) REFERENCES dag_run(id) ON DELETE CASCADE
CREATE INDEX dag_run_asset_event_event ON public.dag_run_asset_event USING btree (event_id)
CREATE UNIQUE INDEX dag_run_asset_event_pkey ON public.dag_run_asset_event USING btree (run_key, event_id)
dag_tag.dag_id text NOT NULL
dag_tag.name text NOT NULL
dag_tag dag_tag_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
dag_tag dag_tag_pkey PRIMARY KEY (dag_id, name)
CREATE INDEX dag_tag_name ON public.dag_tag USING btree (name)
CREATE UNIQUE INDEX dag_tag_pkey ON public.dag_tag USING btree (dag_id, name)
dag_version.id bigint NOT NULL IDENTITY
dag_version.dag_id text NOT NULL
dag_version.version_number integer NOT NULL
dag_version.hash text NOT NULL
dag_version.bundle_name text NOT NULL
dag_version.bundle_version text
dag_version.created_at bigint NOT NULL
dag_version.data text NOT NULL
dag_version.source text NOT NULL
dag_version dag_version_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
dag_version dag_version_number UNIQUE (dag_id, version_number)
dag_version dag_version_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX dag_version_number ON public.dag_version USING btree (dag_id, version_number)
CREATE UNIQUE INDEX dag_version_pkey ON public.dag_version USING btree (id)
deadline.id bigint NOT NULL IDENTITY
deadline.uuid text NOT NULL
deadline.kind text NOT NULL
deadline.run_key bigint NOT NULL
deadline.dag_id text NOT NULL
deadline.task_id text
deadline.alert integer
deadline.dag_version_id bigint
deadline.due_at bigint NOT NULL
deadline.missed boolean NOT NULL DEFAULT false
deadline.created_at bigint NOT NULL
deadline.updated_at bigint NOT NULL
deadline deadline_kind CHECK ((((kind = 'deadline'::text) AND (task_id IS NULL) AND (alert IS NOT NULL)) OR ((kind = 'sla'::text) AND (task_id IS NOT NULL) AND (alert IS NULL))))
deadline deadline_pkey PRIMARY KEY (id)
deadline deadline_run_key_fkey FOREIGN KEY (run_key) REFERENCES dag_run(id) ON DELETE CASCADE
deadline deadline_uuid UNIQUE (uuid)
CREATE INDEX deadline_due ON public.deadline USING btree (due_at) WHERE (NOT missed)
CREATE INDEX deadline_of_run ON public.deadline USING btree (run_key)
CREATE UNIQUE INDEX deadline_pkey ON public.deadline USING btree (id)
CREATE UNIQUE INDEX deadline_uuid ON public.deadline USING btree (uuid)
deferral.ti_id bigint NOT NULL
deferral.try_number integer NOT NULL
deferral.next_method text NOT NULL
deferral.next_kwargs text NOT NULL
deferral.ends text
deferral.outcome text
deferral.asset_updates text
deferral deferral_pkey PRIMARY KEY (ti_id)
deferral deferral_ti_id_fkey FOREIGN KEY (ti_id) REFERENCES task_instance(id) ON DELETE CASCADE
CREATE UNIQUE INDEX deferral_pkey ON public.deferral USING btree (ti_id)
event_log.id bigint NOT NULL IDENTITY
event_log.at bigint NOT NULL
event_log.event text NOT NULL
event_log.dag_id text
event_log.run_id text
event_log.task_id text
event_log.map_index integer
event_log.try_number integer
event_log.username text
event_log.extra text
event_log event_log_pkey PRIMARY KEY (id)
CREATE INDEX event_log_at ON public.event_log USING btree (at)
CREATE INDEX event_log_dag ON public.event_log USING btree (dag_id, id)
CREATE UNIQUE INDEX event_log_pkey ON public.event_log USING btree (id)
external_timetable.dag_id text NOT NULL
external_timetable.version_id bigint
external_timetable.after_start bigint
external_timetable.after_end bigint
external_timetable.asked_at bigint NOT NULL DEFAULT 0
external_timetable.answers text
external_timetable.error text
external_timetable external_timetable_after_whole CHECK (((after_start IS NULL) = (after_end IS NULL)))
external_timetable external_timetable_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
external_timetable external_timetable_pkey PRIMARY KEY (dag_id)
CREATE UNIQUE INDEX external_timetable_pkey ON public.external_timetable USING btree (dag_id)
hitl_detail.ti_id bigint NOT NULL
hitl_detail.try_number integer NOT NULL
hitl_detail.subject text NOT NULL
hitl_detail.body text
hitl_detail.options text NOT NULL
hitl_detail.defaults text
hitl_detail.multiple boolean NOT NULL DEFAULT false
hitl_detail.params text NOT NULL DEFAULT '{}'::text
hitl_detail.assigned_users text NOT NULL DEFAULT '[]'::text
hitl_detail.created_at bigint NOT NULL
hitl_detail.responded_at bigint
hitl_detail.responder_id text
hitl_detail.responder_name text
hitl_detail.chosen_options text
hitl_detail.params_input text
hitl_detail hitl_detail_answer_whole CHECK (((responded_at IS NULL) = (chosen_options IS NULL)))
hitl_detail hitl_detail_pkey PRIMARY KEY (ti_id, try_number)
hitl_detail hitl_detail_ti_id_fkey FOREIGN KEY (ti_id) REFERENCES task_instance(id) ON DELETE CASCADE
CREATE INDEX hitl_detail_created ON public.hitl_detail USING btree (created_at)
CREATE INDEX hitl_detail_open ON public.hitl_detail USING btree (created_at) WHERE (responded_at IS NULL)
CREATE UNIQUE INDEX hitl_detail_pkey ON public.hitl_detail USING btree (ti_id, try_number)
import_error.id bigint NOT NULL IDENTITY
import_error.bundle_name text NOT NULL
import_error.relative_fileloc text NOT NULL
import_error.fileloc text NOT NULL
import_error.at bigint NOT NULL
import_error.message text NOT NULL
import_error.line integer
import_error.traceback text NOT NULL
import_error.source text NOT NULL DEFAULT 'file'::text
import_error import_error_file UNIQUE (bundle_name, relative_fileloc)
import_error import_error_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX import_error_file ON public.import_error USING btree (bundle_name, relative_fileloc)
CREATE UNIQUE INDEX import_error_pkey ON public.import_error USING btree (id)
inbox.id bigint NOT NULL IDENTITY
inbox.run_key bigint NOT NULL
inbox.ti_id bigint
inbox.dag_id text
inbox inbox_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX inbox_pkey ON public.inbox USING btree (id)
job.id bigint NOT NULL IDENTITY
job.kind text NOT NULL
job.hostname text NOT NULL
job.pid bigint NOT NULL
job.state text NOT NULL
job.started_at bigint NOT NULL
job.heartbeat_at bigint NOT NULL
job.ended_at bigint
job.details text NOT NULL DEFAULT '{}'::text
job.wanted text
job job_ended_has_end CHECK (((state = 'ended'::text) = (ended_at IS NOT NULL)))
job job_pkey PRIMARY KEY (id)
job job_state CHECK ((state = ANY (ARRAY['running'::text, 'ended'::text])))
CREATE INDEX job_ended ON public.job USING btree (ended_at) WHERE (state = 'ended'::text)
CREATE UNIQUE INDEX job_pkey ON public.job USING btree (id)
CREATE INDEX job_running ON public.job USING btree (kind, heartbeat_at) WHERE (state = 'running'::text)
parse_request.bundle_name text NOT NULL
parse_request.relative_fileloc text NOT NULL
parse_request parse_request_pkey PRIMARY KEY (bundle_name, relative_fileloc)
CREATE UNIQUE INDEX parse_request_pkey ON public.parse_request USING btree (bundle_name, relative_fileloc)
pod.namespace text NOT NULL
pod.name text NOT NULL
pod.ti_id bigint NOT NULL
pod.try_number integer NOT NULL
pod.scheduler_id bigint NOT NULL
pod.phase text NOT NULL
pod.node text
pod.reason text
pod.message text
pod.created_at bigint NOT NULL
pod.updated_at bigint NOT NULL
pod.ended_at bigint
pod pod_key PRIMARY KEY (namespace, name)
pod pod_phase CHECK ((phase = ANY (ARRAY['Pending'::text, 'Running'::text, 'Succeeded'::text, 'Failed'::text, 'Deleted'::text])))
CREATE INDEX pod_ended ON public.pod USING btree (ended_at)
CREATE UNIQUE INDEX pod_key ON public.pod USING btree (namespace, name)
pool.name text NOT NULL
pool.slots integer NOT NULL
pool.description text
pool.include_deferred boolean NOT NULL DEFAULT false
pool pool_pkey PRIMARY KEY (name)
pool pool_slots CHECK ((slots >= '-1'::integer))
CREATE UNIQUE INDEX pool_pkey ON public.pool USING btree (name)
python_question.id bigint NOT NULL IDENTITY
python_question.kind text NOT NULL
python_question.question text NOT NULL
python_question.is_encrypted boolean NOT NULL
python_question.asked_at bigint NOT NULL
python_question.claimed_at bigint
python_question.answer text
python_question.error text
python_question python_question_pkey PRIMARY KEY (id)
CREATE INDEX python_question_open ON public.python_question USING btree (id) WHERE ((answer IS NULL) AND (error IS NULL))
CREATE UNIQUE INDEX python_question_pkey ON public.python_question USING btree (id)
revoked_token.jti text NOT NULL
revoked_token.expires_at bigint NOT NULL
revoked_token revoked_token_pkey PRIMARY KEY (jti)
CREATE UNIQUE INDEX revoked_token_pkey ON public.revoked_token USING btree (jti)
role.name text NOT NULL
role.created_at bigint NOT NULL
role role_pkey PRIMARY KEY (name)
CREATE UNIQUE INDEX role_pkey ON public.role USING btree (name)
role_permission.role text NOT NULL
role_permission.action text NOT NULL
role_permission.resource text NOT NULL
role_permission role_permission_pkey PRIMARY KEY (role, resource, action)
CREATE UNIQUE INDEX role_permission_pkey ON public.role_permission USING btree (role, resource, action)
schema_migration.version bigint NOT NULL
schema_migration.name text NOT NULL
schema_migration.checksum text NOT NULL
schema_migration.applied_at bigint NOT NULL
schema_migration schema_migration_pkey PRIMARY KEY (version)
CREATE UNIQUE INDEX schema_migration_pkey ON public.schema_migration USING btree (version)
setting.key text NOT NULL
setting.value text NOT NULL
setting setting_pkey PRIMARY KEY (key)
CREATE UNIQUE INDEX setting_pkey ON public.setting USING btree (key)
task_instance.id bigint NOT NULL IDENTITY
task_instance.run_key bigint NOT NULL
task_instance.dag_id text NOT NULL
task_instance.task_id text NOT NULL
task_instance.map_index integer NOT NULL DEFAULT '-1'::integer
task_instance.state text
task_instance.fence bigint NOT NULL DEFAULT 0
task_instance.try_number integer NOT NULL DEFAULT 0
task_instance.max_tries integer NOT NULL
task_instance.scheduled_at bigint
task_instance.queued_at bigint
task_instance.start_date bigint
task_instance.end_date bigint
task_instance.retry_at bigint
task_instance.first_started_at bigint
task_instance.reschedule_count integer NOT NULL DEFAULT 0
task_instance.operator text NOT NULL
task_instance.pool text NOT NULL
task_instance.pool_slots integer NOT NULL
task_instance.queue text NOT NULL
task_instance.priority integer NOT NULL
task_instance.executor text
task_instance.hostname text
task_instance.pid bigint
task_instance.worker_id bigint
task_instance.heartbeat_at bigint
task_instance.dag_version_id bigint
task_instance.rendered_map_index text
task_instance.note text
task_instance.reason text
task_instance.max_rss_kb bigint
task_instance.cpu_ms bigint
task_instance.map_length integer
task_instance.skip text
task_instance.updated_at bigint NOT NULL
task_instance.rendered_fields text
task_instance.reported_at bigint
task_instance task_instance_finished_has_end CHECK (((state <> ALL (ARRAY['success'::text, 'failed'::text, 'upstream_failed'::text, 'skipped'::text])) OR (end_date IS NOT NULL)))
task_instance task_instance_key UNIQUE (run_key, task_id, map_index)
task_instance task_instance_pkey PRIMARY KEY (id)
task_instance task_instance_queued_has_queued_at CHECK (((state <> 'queued'::text) OR (queued_at IS NOT NULL)))
task_instance task_instance_run_key_fkey FOREIGN KEY (run_key) REFERENCES dag_run(id) ON DELETE CASCADE
task_instance task_instance_running_has_start CHECK (((state <> 'running'::text) OR (start_date IS NOT NULL)))
task_instance task_instance_state CHECK ((state = ANY (ARRAY['removed'::text, 'scheduled'::text, 'queued'::text, 'running'::text, 'success'::text, 'restarting'::text, 'failed'::text, 'up_for_retry'::text, 'up_for_reschedule'::text, 'upstream_failed'::text, 'skipped'::text, 'deferred'::text, 'awaiting_input'::text])))
task_instance task_instance_tries CHECK (((try_number >= 0) AND (pool_slots >= 1)))
CREATE INDEX task_instance_active ON public.task_instance USING btree (state, priority) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text, 'restarting'::text, 'deferred'::text, 'awaiting_input'::text]))
CREATE INDEX task_instance_failed ON public.task_instance USING btree (start_date DESC, id DESC) WHERE (state = 'failed'::text)
CREATE UNIQUE INDEX task_instance_key ON public.task_instance USING btree (run_key, task_id, map_index)
CREATE UNIQUE INDEX task_instance_pkey ON public.task_instance USING btree (id)
CREATE INDEX task_instance_start ON public.task_instance USING btree (start_date, id) WHERE (start_date IS NOT NULL)
CREATE INDEX task_instance_task ON public.task_instance USING btree (dag_id, task_id)
task_state_store.run_key bigint NOT NULL
task_state_store.task_id text NOT NULL
task_state_store.map_index integer NOT NULL
task_state_store.key text NOT NULL
task_state_store.updated_at bigint NOT NULL
task_state_store.expires_at bigint
task_state_store.value text NOT NULL
task_state_store task_state_store_pkey PRIMARY KEY (run_key, task_id, map_index, key)
task_state_store task_state_store_run_key_fkey FOREIGN KEY (run_key) REFERENCES dag_run(id) ON DELETE CASCADE
CREATE INDEX task_state_store_expires ON public.task_state_store USING btree (expires_at) WHERE (expires_at IS NOT NULL)
CREATE UNIQUE INDEX task_state_store_pkey ON public.task_state_store USING btree (run_key, task_id, map_index, key)
task_try.ti_id bigint NOT NULL
task_try.try_number integer NOT NULL
task_try.state text NOT NULL
task_try.max_tries integer NOT NULL
task_try.scheduled_at bigint
task_try.queued_at bigint
task_try.start_date bigint
task_try.end_date bigint
task_try.operator text NOT NULL
task_try.pool text NOT NULL
task_try.pool_slots integer NOT NULL
task_try.queue text NOT NULL
task_try.priority integer NOT NULL
task_try.executor text
task_try.hostname text
task_try.pid bigint
task_try.worker_id bigint
task_try.dag_version_id bigint
task_try.rendered_map_index text
task_try.note text
task_try.reason text
task_try.max_rss_kb bigint
task_try.cpu_ms bigint
task_try.rendered_fields text
task_try task_try_pkey PRIMARY KEY (ti_id, try_number)
task_try task_try_state CHECK ((state = ANY (ARRAY['removed'::text, 'success'::text, 'failed'::text, 'upstream_failed'::text, 'skipped'::text])))
task_try task_try_ti_id_fkey FOREIGN KEY (ti_id) REFERENCES task_instance(id) ON DELETE CASCADE
CREATE UNIQUE INDEX task_try_pkey ON public.task_try USING btree (ti_id, try_number)
timetable_question.id bigint NOT NULL IDENTITY
timetable_question.dag_id text NOT NULL
timetable_question.question text NOT NULL
timetable_question.asked_at bigint NOT NULL
timetable_question.answer text
timetable_question.error text
timetable_question timetable_question_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
timetable_question timetable_question_pkey PRIMARY KEY (id)
CREATE INDEX timetable_question_dag ON public.timetable_question USING btree (dag_id)
CREATE UNIQUE INDEX timetable_question_pkey ON public.timetable_question USING btree (id)
trigger.id bigint NOT NULL IDENTITY
trigger.kind text NOT NULL
trigger.classpath text NOT NULL
trigger.kwargs text NOT NULL
trigger.queue text
trigger.created_at bigint NOT NULL
trigger.triggerer_id bigint
trigger.due_at bigint
trigger.awaited_dag text
trigger.is_new boolean NOT NULL DEFAULT true
trigger.run_key bigint
trigger.ti_id bigint
trigger.try_number integer
trigger.watcher text
trigger trigger_external_awaits CHECK (((kind = 'external'::text) = (awaited_dag IS NOT NULL)))
trigger trigger_has_an_owner CHECK (((ti_id IS NULL) <> (watcher IS NULL)))
trigger trigger_kind CHECK ((kind = ANY (ARRAY['python'::text, 'time'::text, 'external'::text, 'input'::text])))
trigger trigger_of_a_try_names_it CHECK ((((ti_id IS NULL) = (try_number IS NULL)) AND ((ti_id IS NULL) = (run_key IS NULL))))
trigger trigger_pkey PRIMARY KEY (id)
trigger trigger_ti_id_fkey FOREIGN KEY (ti_id) REFERENCES task_instance(id) ON DELETE CASCADE
trigger trigger_time_is_due CHECK (((kind = 'input'::text) OR ((kind = 'time'::text) = (due_at IS NOT NULL))))
CREATE INDEX trigger_awaited ON public.trigger USING btree (awaited_dag) WHERE (awaited_dag IS NOT NULL)
CREATE INDEX trigger_due ON public.trigger USING btree (due_at) WHERE (due_at IS NOT NULL)
CREATE UNIQUE INDEX trigger_pkey ON public.trigger USING btree (id)
CREATE INDEX trigger_python ON public.trigger USING btree (triggerer_id, id) WHERE (kind = 'python'::text)
CREATE INDEX trigger_run ON public.trigger USING btree (run_key) WHERE (run_key IS NOT NULL)
CREATE INDEX trigger_ti ON public.trigger USING btree (ti_id) WHERE (ti_id IS NOT NULL)
CREATE UNIQUE INDEX trigger_watcher ON public.trigger USING btree (watcher) WHERE (watcher IS NOT NULL)
users.username text NOT NULL
users.password_hash text NOT NULL
users.email text
users.first_name text
users.last_name text
users.active boolean NOT NULL DEFAULT true
users.created_at bigint NOT NULL
users.updated_at bigint NOT NULL
users.last_login_at bigint
users.roles text NOT NULL DEFAULT '[]'::text
users.login_count bigint NOT NULL DEFAULT 0
users.fail_login_count bigint NOT NULL DEFAULT 0
users.tokens_valid_from bigint NOT NULL DEFAULT 0
users users_pkey PRIMARY KEY (username)
CREATE UNIQUE INDEX users_pkey ON public.users USING btree (username)
variable.key text NOT NULL
variable.val text NOT NULL
variable.description text
variable.is_encrypted boolean NOT NULL
variable.updated_at bigint NOT NULL
variable variable_pkey PRIMARY KEY (key)
CREATE UNIQUE INDEX variable_pkey ON public.variable USING btree (key)
xcom.run_key bigint NOT NULL
xcom.task_id text NOT NULL
xcom.map_index integer NOT NULL
xcom.key text NOT NULL
xcom.dag_id text NOT NULL
xcom.created_at bigint NOT NULL
xcom.value text NOT NULL
xcom xcom_pkey PRIMARY KEY (run_key, task_id, map_index, key)
xcom xcom_run_key_fkey FOREIGN KEY (run_key) REFERENCES dag_run(id) ON DELETE CASCADE
CREATE UNIQUE INDEX xcom_pkey ON public.xcom USING btree (run_key, task_id, map_index, key)
CREATE INDEX xcom_prior ON public.xcom USING btree (dag_id, task_id, key)
