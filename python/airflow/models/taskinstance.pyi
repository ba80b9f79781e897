# Written by scripts/stubs.py from the package's own tables.
from airflow.models.orm import SimpleTaskInstance as SimpleTaskInstance
from airflow.sdk.execution_time.task_instance import TaskInstance as TaskInstance
from airflow.sdk.types import TaskInstanceKey as TaskInstanceKey
from airflow.models.orm import TaskInstanceNote as TaskInstanceNote
from airflow.models.orm import clear_task_instances as clear_task_instances
from airflow.sdk.definitions.context import get_current_context as get_current_context
