"""Tasks that ask a person. They hold no slot while they wait: their state is ``awaiting_input``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict
from urllib.parse import urlencode, urlparse, urlunparse

from airflow.providers.standard.exceptions import HITLRejectException, HITLTimeoutError, HITLTriggerEventError
from airflow.sdk.bases.branch import BranchMixIn
from airflow.sdk.bases.notifier import BaseNotifier
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time.hitl import HITLUser, upsert_hitl_detail

__all__ = ["ApprovalOperator", "HITLBranchOperator", "HITLEntryOperator", "HITLOperator"]


class HITLTriggerEventSuccessPayload(TypedDict, total=False):
    """An answer."""

    chosen_options: list[str]
    params_input: dict[str, Any]
    responded_at: Any
    responded_by_user: HITLUser | None
    timedout: bool


class HITLOperator(BaseOperator):
    """Asks a person to choose among ``options`` and to fill in ``params``."""

    template_fields: Collection[str] = ("subject", "body")

    def __init__(
        self,
        *,
        subject: str,
        options: list[str],
        body: str | None = None,
        defaults: str | list[str] | None = None,
        multiple: bool = False,
        params: ParamsDict | dict[str, Any] | None = None,
        notifiers: Sequence[BaseNotifier] | BaseNotifier | None = None,
        assigned_users: HITLUser | list[HITLUser] | None = None,
        response_timeout: timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        limit = kwargs.get("execution_timeout")
        if response_timeout is None and limit is not None:
            # As until Airflow 3.2: the limit is meant for the person.
            response_timeout = kwargs.pop("execution_timeout")
        super().__init__(**kwargs)
        self.subject = subject
        self.body = body
        self.options = options
        self.defaults = [defaults] if isinstance(defaults, str) else defaults
        self.multiple = multiple
        self.response_timeout = response_timeout
        self.form = params if isinstance(params, ParamsDict) else ParamsDict(params or {})
        if notifiers is None:
            notifiers = []
        self.notifiers: Sequence[BaseNotifier] = [notifiers] if isinstance(notifiers, BaseNotifier) else list(notifiers)
        self.assigned_users = [assigned_users] if isinstance(assigned_users, dict) else assigned_users
        self.validate_options()
        self.validate_params()
        self.validate_defaults()

    def validate_options(self) -> None:
        """There is something to choose."""
        if not self.options:
            raise ValueError('"options" cannot be empty.')

    def validate_params(self) -> None:
        """Names that links need for themselves are not used."""
        if "_options" in self.form:
            raise ValueError('"_options" is not allowed in params')

    def validate_defaults(self) -> None:
        """The defaults could have been chosen."""
        if self.defaults is not None:
            if not set(self.defaults).issubset(self.options):
                raise ValueError(f'defaults "{self.defaults}" should be a subset of options "{self.options}"')
            if not self.multiple and len(self.defaults) > 1:
                raise ValueError('More than one defaults given when "multiple" is set to False.')

    @property
    def serialized_params(self) -> dict[str, dict[str, Any]]:
        """The form as plain data."""
        return {name: param.dump() for name, param in self.form.items_raw()}

    def execute(self, context: Any) -> Any:
        """Ask, and wait."""
        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=self.options,
            subject=self.subject,
            body=self.body,
            defaults=self.defaults,
            multiple=self.multiple,
            params=self.serialized_params,
            assigned_users=self.assigned_users,
        )
        self.log.info("Waiting for response")
        for notifier in self.notifiers:
            notifier(context)
        raise TaskAwaitingInput(method_name="execute_complete", timeout=self.response_timeout)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Take in the answer."""
        if "error" in event:
            self.process_trigger_event_error(event)
        chosen, given = event["chosen_options"], event["params_input"] or {}
        self.validate_chosen_options(chosen)
        self.validate_params_input(given)
        return {
            "chosen_options": chosen,
            "params_input": given,
            "responded_at": event["responded_at"],
            "responded_by_user": event["responded_by_user"],
        }

    def process_trigger_event_error(self, event: dict[str, Any]) -> None:
        """Nobody answered, or not well."""
        if event["error_type"] == "timeout":
            raise HITLTimeoutError(event["error"])
        raise HITLTriggerEventError(event["error"])

    def validate_chosen_options(self, chosen_options: list[str]) -> None:
        """What was chosen is among the options."""
        unknown = set(chosen_options) - set(self.options)
        if unknown:
            raise ValueError(f"Responses {unknown} not in {self.options}")

    def validate_params_input(self, params_input: Mapping[str, Any]) -> None:
        """What was filled in fits the form."""
        if len(self.form) and params_input and set(self.form) ^ set(params_input):
            raise ValueError(f"params_input {dict(params_input)} does not match params {list(self.form)}")
        for name, value in params_input.items():
            self.form[name] = value

    def generate_link_to_ui(
        self,
        *,
        task_instance: Any,
        base_url: str | None = None,
        options: str | list[str] | None = None,
        params_input: dict[str, Any] | None = None,
    ) -> str:
        """The page where the question is answered, with choices filled in."""
        query: dict[str, Any] = {}
        chosen = [options] if isinstance(options, str) else options
        if chosen:
            unknown = set(chosen) - set(self.options)
            if unknown:
                raise ValueError(f"options {unknown} are not valid options")
            query["_options"] = chosen
        if params_input:
            strange = set(params_input) - set(self.form)
            if strange:
                raise ValueError(f"params {strange} are not valid params")
            query.update(params_input)
        if base_url is None:
            from airflow.configuration import conf

            base_url = conf.get("api", "base_url", fallback=None)
        if not base_url:
            raise ValueError("Not able to retrieve base_url")
        query["map_index"] = task_instance.map_index
        parsed = urlparse(base_url)
        path = (
            f"/dags/{task_instance.dag_id}/runs/{task_instance.run_id}/tasks/{task_instance.task_id}/required_actions"
        )
        return urlunparse((parsed.scheme, parsed.netloc, path, "", urlencode(query), ""))

    @staticmethod
    def generate_link_to_ui_from_context(
        *,
        context: Any,
        base_url: str | None = None,
        options: list[str] | None = None,
        params_input: dict[str, Any] | None = None,
    ) -> str:
        """The same, for the running task."""
        task = context["task"]
        if not isinstance(task, HITLOperator):
            raise ValueError("This method only supports HITLOperator")
        return task.generate_link_to_ui(
            task_instance=context["ti"], base_url=base_url, options=options, params_input=params_input
        )


class ApprovalOperator(HITLOperator, SkipMixin):
    """Asks for approval; what comes after it is skipped if that is refused."""

    inherits_from_skipmixin = True
    FIXED_ARGS = ("options", "multiple")
    APPROVE = "Approve"
    REJECT = "Reject"

    def __init__(
        self, *, ignore_downstream_trigger_rules: bool = False, fail_on_reject: bool = False, **kwargs: Any
    ) -> None:
        for name in self.FIXED_ARGS:
            if name in kwargs:
                raise ValueError(f"Passing {name} to ApprovalOperator is not allowed.")
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules
        self.fail_on_reject = fail_on_reject
        super().__init__(options=[self.APPROVE, self.REJECT], multiple=False, **kwargs)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Go on, or skip what comes after."""
        answer = super().execute_complete(context, event)
        if answer["chosen_options"][0] == self.APPROVE:
            self.log.info("Approved. Proceeding with downstream tasks...")
            return answer
        if self.fail_on_reject:
            raise HITLRejectException('Receive "Reject"')
        task = context["ti"].task
        if self.ignore_downstream_trigger_rules:
            tasks = [
                task.dag.task_dict[task_id]
                for task_id in task.get_flat_relative_ids(upstream=False)
                if not task.dag.task_dict[task_id].is_teardown
            ]
        else:
            tasks = [down for down in task.downstream_list if not down.is_teardown]
        self.log.info("Rejected. Skipping downstream tasks...")
        self.skip(context["ti"], tasks)
        return answer


class HITLBranchOperator(HITLOperator, BranchMixIn):
    """Asks which branch to take: options are ids of the tasks after it, or are mapped to them."""

    inherits_from_skipmixin = True

    def __init__(self, *, options_mapping: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.options_mapping = options_mapping or {}
        self.validate_options_mapping()

    def validate_options_mapping(self) -> None:
        """Only options are mapped, to texts."""
        unknown = set(self.options_mapping) - set(self.options)
        if unknown:
            raise ValueError(f"`options_mapping` contains keys that are not in `options`: {sorted(unknown)}")
        bad = {name for name, target in self.options_mapping.items() if not isinstance(target, str)}
        if bad:
            raise ValueError(f"`options_mapping` values must be strings (task_ids), those of {sorted(bad)} are not")

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Go on with what was chosen."""
        answer = super().execute_complete(context, event)
        self.do_branch(context, [self.options_mapping.get(option, option) for option in answer["chosen_options"]])
        return answer


class HITLEntryOperator(HITLOperator):
    """Asks a person to fill in a form."""

    OK = "OK"

    def __init__(self, **kwargs: Any) -> None:
        if "options" not in kwargs:
            kwargs["options"] = [self.OK]
            if "defaults" not in kwargs:
                kwargs["defaults"] = [self.OK]
        super().__init__(**kwargs)
