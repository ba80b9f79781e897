//! `call`: what a running task asks for or changes.

use serde_json::Value;
use tradewind_core::{Timestamp, TryId, xcom};
use tradewind_protocol::task_api::ErrorCode;
use tradewind_protocol::{TaskApiError, TaskCall, TaskReply};
use tradewind_store::Variable;
use tradewind_store::read::{AssetEventFilter, RunFilter, Span};

use super::StoreTaskApi;
use super::caller::Caller;
use super::error::{not_found, of_store};
use super::xcom::read;

impl StoreTaskApi {
    /// Answers a call of a try that is running.
    pub(super) async fn answer(&self, try_id: TryId, call: TaskCall) -> Result<TaskReply, TaskApiError> {
        let ti = self.running(try_id).await?;
        if let TaskCall::RenderedMapIndex { text } = call {
            self.store.set_rendered_map_index(try_id, &text).await.map_err(of_store)?;
            return Ok(Value::Null);
        }
        if let TaskCall::HitlAsk { question } = call {
            return self.hitl_ask(try_id, question).await;
        }
        self.respond(&Caller::from(&ti), call).await
    }

    /// Answers a call of somebody who may ask.
    pub(crate) async fn respond(&self, caller: &Caller, call: TaskCall) -> Result<TaskReply, TaskApiError> {
        match call {
            TaskCall::XcomGet { key, task_id, dag_id, run_id, map_index, include_prior_dates, item } => {
                let place = self.place(caller, dag_id, run_id);
                let text = self.xcom_get(&place, &task_id, map_index.unwrap_or(-1), &key, include_prior_dates).await?;
                let value = read(&text)?;
                match item {
                    Some(item) => {
                        xcom::item(&value, item).ok_or_else(|| not_found(format!("the XCom has no item {item}")))
                    }
                    None => Ok(value),
                }
            }
            TaskCall::XcomGetAll { key, task_id, dag_id, run_id, start, limit } => {
                let place = self.place(caller, dag_id, run_id);
                self.xcom_get_all(&place, &task_id, &key, start, limit).await
            }
            TaskCall::XcomCount { key, task_id, dag_id, run_id } => {
                let place = self.place(caller, dag_id, run_id);
                self.xcom_count(&place, &task_id, &key).await
            }
            TaskCall::RenderedMapIndex { .. } => {
                Err(TaskApiError::new(ErrorCode::Denied, "only a running task names its map index"))
            }
            TaskCall::XcomSet { key, value } => self.xcom_set(caller, key, &value).await,
            TaskCall::XcomKeys {} => self.xcom_keys(caller).await,
            TaskCall::XcomDelete { key } => self.xcom_delete(caller, key).await,
            TaskCall::VariableGet { key } => {
                let found = self.store.variable(&key).await.map_err(of_store)?;
                found
                    .map(|variable| Value::String(variable.value))
                    .ok_or_else(|| not_found(format!("there is no variable '{key}'")))
            }
            TaskCall::VariableSet { key, value, description } => {
                let variable = Variable { key, value, description, is_encrypted: false };
                self.store.put_variable(&variable).await.map_err(of_store)?;
                Ok(Value::Null)
            }
            TaskCall::VariableDelete { key } => {
                self.store.delete_variable(&key).await.map_err(of_store)?;
                Ok(Value::Null)
            }
            call @ (TaskCall::TimetableNext { .. } | TaskCall::TimetableManual { .. }) => {
                call.answer().unwrap_or_else(|| {
                    Err(TaskApiError::new(ErrorCode::Invalid, "this question about a timetable can't be answered"))
                })
            }
            TaskCall::ConnectionGet { conn_id } => self.connection_get(&conn_id).await,
            TaskCall::TaskStates { dag_id, run_id, task_ids } => {
                let place = self.place(caller, dag_id, run_id);
                self.task_states(&place, task_ids).await
            }
            TaskCall::PreviousRun { dag_id, before, state } => self.previous_run(caller, dag_id, before, state).await,
            TaskCall::RunGet { dag_id, run_id } => {
                let place = self.place(caller, dag_id, Some(run_id));
                self.run_get(&place).await
            }
            TaskCall::RunCount { dag_id, logical_dates, run_ids, states } => {
                self.run_count(caller, dag_id, logical_dates, run_ids, states).await
            }
            TaskCall::RunFind {
                dag_ids,
                run_ids,
                states,
                run_types,
                logical_dates,
                from,
                until,
                descending,
                limit,
            } => {
                let filter = RunFilter {
                    dag_ids,
                    run_ids,
                    states: states.iter().map(ToString::to_string).collect(),
                    run_types: run_types.iter().map(ToString::to_string).collect(),
                    logical_dates: logical_dates.iter().map(|at| at.as_micros()).collect(),
                    logical_date: Span {
                        gte: from.map(Timestamp::as_micros),
                        lte: until.map(Timestamp::as_micros),
                        ..Span::default()
                    },
                    ..RunFilter::default()
                };
                self.run_find(&filter, descending, limit).await
            }
            TaskCall::AssetGet { name, uri } => self.asset_get(name, uri).await,
            TaskCall::AssetEvents { name, uri, alias, after, before, ascending, limit } => {
                let of = AssetEventFilter {
                    name,
                    uri,
                    alias,
                    after,
                    before,
                    descending: ascending == Some(false),
                    ..AssetEventFilter::default()
                };
                self.asset_events(of, limit).await
            }
            TaskCall::TriggeringAssetEvents {} => {
                let of = AssetEventFilter { consumed_by: Some(caller.run_key), ..AssetEventFilter::default() };
                self.asset_events(of, None).await
            }
            TaskCall::TaskStateGet { key } => self.task_state_get(caller, &key).await,
            TaskCall::TaskStateSet { key, value, retention, never_expires } => {
                self.task_state_set(caller, &key, &value, retention, never_expires).await
            }
            TaskCall::TaskStateDelete { key } => self.task_state_delete(caller, &key).await,
            TaskCall::TaskStateClear { all_map_indices } => self.task_state_clear(caller, all_map_indices).await,
            TaskCall::AssetStateGet { name, uri, key } => self.asset_state_get(name, uri, &key).await,
            TaskCall::AssetStateSet { name, uri, key, value } => {
                self.asset_state_set(caller, name, uri, &key, &value).await
            }
            TaskCall::AssetStateDelete { name, uri, key } => self.asset_state_delete(name, uri, &key).await,
            TaskCall::AssetStateClear { name, uri } => self.asset_state_clear(name, uri).await,
            TaskCall::DagGet { dag_id } => self.dag_get(&dag_id).await,
            TaskCall::AwaitLook { kwargs } => self.await_look(&kwargs).await,
            TaskCall::HitlAsk { .. } => Err(TaskApiError::new(ErrorCode::Denied, "only a running task asks people")),
            TaskCall::RunTrigger { dag_id, run_id, logical_date, run_after, conf, reset, note } => {
                self.run_trigger(super::runs::Trigger { dag_id, run_id, logical_date, run_after, conf, reset, note })
                    .await
            }
        }
    }
}
