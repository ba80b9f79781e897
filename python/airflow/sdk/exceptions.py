"""Every exception and warning that DAG files, providers and our own code raise."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple


class AirflowException(Exception):
    """Base of everything that is raised on purpose."""

    status_code = HTTPStatus.INTERNAL_SERVER_ERROR


class AirflowBadRequest(AirflowException):
    """The request makes no sense."""

    status_code = HTTPStatus.BAD_REQUEST


class AirflowNotFoundException(AirflowException):
    """The object that was asked for does not exist."""

    status_code = HTTPStatus.NOT_FOUND


class AirflowConfigException(AirflowException):
    """The configuration is wrong or lacks an option."""


class AirflowInternalRuntimeError(BaseException):
    """Something is wrong inside, which user code should not swallow."""


class AirflowRuntimeError(AirflowException):
    """The server refused a call that a task made; ``error`` has its code and message."""

    def __init__(self, error: Any) -> None:
        super().__init__(str(error))
        self.error = error


class AirflowOptionalProviderFeatureException(AirflowException):
    """A provider lacks an optional dependency."""


# How a task says how it ended.


class AirflowSkipException(AirflowException):
    """End the task as skipped."""


class AirflowFailException(AirflowException):
    """End the task as failed, without another attempt."""


class AirflowSensorTimeout(AirflowException):
    """A sensor waited too long; there is no other attempt."""


class AirflowTaskTimeout(BaseException):
    """The task ran longer than ``execution_timeout``."""


class AirflowTaskTerminated(BaseException):
    """The task was asked to stop (SIGTERM)."""


class AirflowPokeFailException(AirflowException):
    """A poke ends its sensor as failed, whatever ``soft_fail`` says."""


class AirflowRescheduleException(AirflowException):
    """Free the slot and look again at ``reschedule_date``."""

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__(f"look again at {reschedule_date}")
        self.reschedule_date = reschedule_date


class DownstreamTasksSkipped(AirflowException):
    """End the task as a success and skip ``tasks``."""

    def __init__(self, *, tasks: Any) -> None:
        super().__init__(f"skip {tasks}")
        self.tasks = tasks


class TaskDeferred(BaseException):
    """Free the slot; go on in ``method_name`` when the trigger fires."""

    def __init__(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: dict[str, Any] | None = None,
        timeout: timedelta | int | float | None = None,
    ) -> None:
        super().__init__(f"deferred to {type(trigger).__name__}")
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timedelta(seconds=timeout) if isinstance(timeout, (int, float)) else timeout


class TaskAwaitingInput(BaseException):
    """Free the slot; go on in ``method_name`` when a person has answered."""

    def __init__(
        self, *, method_name: str, kwargs: dict[str, Any] | None = None, timeout: timedelta | int | float | None = None
    ) -> None:
        super().__init__("awaits a person's input")
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timedelta(seconds=timeout) if isinstance(timeout, (int, float)) else timeout


class DagRunTriggerException(AirflowException):
    """Start a run of another DAG, and perhaps wait for its end; then the task goes on in ``execute_complete``."""

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        dag_run_id: str,
        conf: dict[str, Any] | None,
        logical_date: datetime | None = None,
        reset_dag_run: bool,
        skip_when_already_exists: bool,
        wait_for_completion: bool,
        allowed_states: list[Any],
        failed_states: list[Any],
        poke_interval: int,
        deferrable: bool,
        note: str | None = None,
        run_after: datetime | None = None,
    ) -> None:
        super().__init__(f"asks for the run {dag_run_id} of {trigger_dag_id}")
        self.trigger_dag_id = trigger_dag_id
        self.dag_run_id = dag_run_id
        self.conf = conf
        self.logical_date = logical_date
        self.reset_dag_run = reset_dag_run
        self.skip_when_already_exists = skip_when_already_exists
        self.wait_for_completion = wait_for_completion
        self.allowed_states = allowed_states
        self.failed_states = failed_states
        self.poke_interval = poke_interval
        self.deferrable = deferrable
        self.note = note
        self.run_after = run_after


class TaskDeferralError(AirflowException):
    """A trigger failed."""


class TaskDeferralTimeout(AirflowException):
    """A trigger did not fire in time."""


# What is wrong with a DAG file.


class DagCycleError(AirflowException):
    """The dependencies of tasks form a circle."""


AirflowDagCycleException = DagCycleError


class AirflowDagDuplicatedIdException(AirflowException):
    """Two files have a DAG of the same id."""

    def __init__(self, dag_id: str, incoming: str, existing: str) -> None:
        super().__init__(dag_id, incoming, existing)
        self.dag_id, self.incoming, self.existing = dag_id, incoming, existing

    def __str__(self) -> str:
        return f"DAG {self.dag_id!r} of {self.incoming} is also in {self.existing}"


class DuplicateTaskIdFound(AirflowException):
    """Two tasks or groups of a DAG have the same id."""


class TaskAlreadyInTaskGroup(AirflowException):
    """A task can be in one task group only."""

    def __init__(self, task_id: str, existing_group_id: str | None, new_group_id: str) -> None:
        super().__init__(task_id, existing_group_id, new_group_id)
        self.task_id, self.existing_group_id, self.new_group_id = task_id, existing_group_id, new_group_id

    def __str__(self) -> str:
        where = f"group {self.existing_group_id!r}" if self.existing_group_id else "the DAG itself"
        return f"task {self.task_id!r} is in {where} and can't be put in group {self.new_group_id!r} too"


class InvalidArguments(AirflowException, TypeError):
    """An operator was given arguments that it does not have, or lacks some that it needs."""


class AirflowTimetableInvalid(AirflowException):
    """A schedule can't be understood."""


class FailFastDagInvalidTriggerRule(AirflowException):
    """A fail-fast DAG has a task whose trigger rule is not all_success."""


FailStopDagInvalidTriggerRule = FailFastDagInvalidTriggerRule


class ParamValidationError(AirflowException):
    """A param's value does not fit its schema."""


class SerializationError(AirflowException):
    """A DAG can't be written as JSON."""


class UnmappableOperator(AirflowException):
    """The operator can't be mapped."""


class XComForMappingNotPushed(AirflowException):
    """A mapped task needs a value that its upstream task did not return."""

    def __str__(self) -> str:
        return "this task returned nothing, but a mapped task expands over its return value"


class UnmappableXComTypePushed(AirflowException):
    """A mapped task needs a list or dict, and its upstream task returned something else."""

    def __init__(self, value: Any, *values: Any) -> None:
        super().__init__(value, *values)

    def __str__(self) -> str:
        kind = type(self.args[0]).__qualname__
        return f"a mapped task expands over this task's return value, which must be a list or dict, not {kind}"


class UnmappableXComLengthPushed(AirflowException):
    """A mapped task would expand to more instances than [core] max_map_length."""

    def __init__(self, value: Any, max_length: int) -> None:
        super().__init__(value, max_length)
        self.value, self.max_length = value, max_length

    def __str__(self) -> str:
        return f"a mapped task would have {len(self.value)} instances; [core] max_map_length is {self.max_length}"


class AirflowClusterPolicyViolation(AirflowException):
    """A policy forbids the DAG or task."""


class AirflowClusterPolicySkipDag(AirflowException):
    """A policy leaves the DAG out."""


class AirflowClusterPolicyError(AirflowException):
    """A policy is broken."""


class FileSyntaxError(NamedTuple):
    """A line of a file that can't be read."""

    line_no: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.message}. Line number: {self.line_no},"


class AirflowFileParseException(AirflowException):
    """A file of connections or variables can't be read."""

    def __init__(self, msg: str, file_path: str, parse_errors: list[Any]) -> None:
        super().__init__(msg)
        self.msg, self.file_path, self.parse_errors = msg, file_path, parse_errors

    def __str__(self) -> str:
        return "; ".join([f"{self.file_path}: {self.msg}", *(str(error) for error in self.parse_errors)])


# What is not there.


class DagNotFound(AirflowNotFoundException):
    """No such DAG."""


class DagCodeNotFound(AirflowNotFoundException):
    """No such DAG's source."""


class DagRunNotFound(AirflowNotFoundException):
    """No such DAG run."""


class DagRunAlreadyExists(AirflowBadRequest):
    """The DAG run exists already."""


class DagFileExists(AirflowBadRequest):
    """The DAG file exists already."""


class TaskNotFound(AirflowNotFoundException):
    """No such task."""


class TaskInstanceNotFound(AirflowNotFoundException):
    """No such task instance."""


class PoolNotFound(AirflowNotFoundException):
    """No such pool."""


class XComNotFound(AirflowException):
    """A task's XCom that was needed does not exist."""

    def __init__(self, dag_id: str, task_id: str, key: str) -> None:
        super().__init__(dag_id, task_id, key)
        self.dag_id, self.task_id, self.key = dag_id, task_id, key

    def __str__(self) -> str:
        return f"task {self.task_id!r} of DAG {self.dag_id!r} has pushed no XCom with key {self.key!r}"


class ConnectionNotUnique(AirflowException):
    """Several connections have the id."""


class VariableNotUnique(AirflowException):
    """Several variables have the key."""


class UnknownExecutorException(ValueError):
    """No such executor."""


class NoAvailablePoolSlot(AirflowException):
    """The pool is full."""


class DagConcurrencyLimitReached(AirflowException):
    """The DAG has as many running tasks as it may."""


class TaskConcurrencyLimitReached(AirflowException):
    """The task has as many running instances as it may."""


class InvalidStatsNameException(AirflowException):
    """A metric's name is not allowed."""


class PodMutationHookException(AirflowException):
    """The pod mutation hook failed."""


class PodReconciliationError(AirflowException):
    """A pod's specification can't be put together."""


# Warnings.


class RemovedInAirflow3Warning(DeprecationWarning):
    """Airflow 3 does not have this any more; it still works here."""

    deprecated_since: str | None = None


class RemovedInAirflow4Warning(DeprecationWarning):
    """Will go with Airflow 4."""

    deprecated_since: str | None = None


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """A provider will drop this."""

    deprecated_provider_since: str | None = None
