"""What provider packages describe their commands with. Tradewind's command line is its own and does not run them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from airflow._engine_side import NotInTradewind


def lazy_load_command(import_path: str) -> Callable[..., Any]:
    """A function that imports another one when it is called."""

    def command(*args: Any, **kwargs: Any) -> Any:
        from airflow.utils.module_loading import import_string

        return import_string(import_path)(*args, **kwargs)

    command.__name__ = import_path.rpartition(".")[2]
    return command


class Arg:
    """An argument of a command, as ``argparse`` takes it."""

    def __init__(self, flags: Iterable[str] = (), help: str | None = None, **kwargs: Any) -> None:
        self.flags = tuple(flags)
        self.kwargs = kwargs if help is None else {"help": help, **kwargs}

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add it."""
        self.kwargs.pop("type", None) if self.kwargs.get("action") == "store_true" else None
        parser.add_argument(*self.flags, **self.kwargs)


class ActionCommand(NamedTuple):
    """A command."""

    name: str
    help: str
    func: Callable[..., Any]
    args: Iterable[Arg]
    description: str | None = None
    epilog: str | None = None
    hide: bool = False


class GroupCommand(NamedTuple):
    """Commands under one word."""

    name: str
    help: str
    subcommands: Iterable[Any]
    description: str | None = None
    epilog: str | None = None


CLICommand = Any


def positive_int(*, allow_zero: bool) -> Callable[[str], int]:
    """What reads a positive number."""

    def read(text: str) -> int:
        number = int(text)
        if number > 0 or (allow_zero and number == 0):
            return number
        raise argparse.ArgumentTypeError(f"invalid positive int value: {text!r}")

    return read


def _date(text: str) -> Any:
    from airflow.sdk.timezone import parse

    return parse(text)


ARG_BUNDLE_NAME = Arg(("-B", "--bundle-name"), help="The name of the DAG bundle", action="append", default=None)
ARG_DAG_ID = Arg(("dag_id",), help="The id of the DAG")
ARG_LOGICAL_DATE = ARG_EXECUTION_DATE = Arg(("-l", "--logical-date"), help="The logical date", type=_date)
ARG_OUTPUT = Arg(("-o", "--output"), help="The form of the answer", choices=("table", "json", "yaml", "plain"))
ARG_OUTPUT_PATH = Arg(("-o", "--output-path"), help="Where to write", default=os.curdir)
ARG_SUBDIR = Arg(("-S", "--subdir"), help="The DAG file or folder", default=None)
ARG_VERBOSE = Arg(("-v", "--verbose"), help="Log more", action="store_true")
ARG_YES = Arg(("-y", "--yes"), help="Ask nothing", action="store_true")


def action_cli(func: Any = None, check_db: bool = True) -> Any:
    """Marks a command's function; there is no audit log of commands to write to."""
    return func if func is not None else lambda function: function


def suppress_logs_and_warning(func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that logs and warns of nothing, unless its argument ``verbose`` is set."""
    import functools
    import logging
    import warnings

    @functools.wraps(func)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        if args and getattr(args[0], "verbose", False):
            return func(*args, **kwargs)
        before = logging.root.manager.disable
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.disable(logging.CRITICAL)
            try:
                return func(*args, **kwargs)
            finally:
                logging.disable(before)

    return quiet


def get_bagged_dag(bundle_names: list[str] | None, dag_id: str, dagfile_path: str | None = None) -> Any:
    """A DAG of the DAG folder (or of one file)."""
    from airflow.dag_processing.dagbag import DagBag

    dag = DagBag(dagfile_path).get_dag(dag_id)
    if dag is None:
        from airflow.sdk.exceptions import AirflowException

        raise AirflowException(f"there is no DAG {dag_id!r} in the DAG files")
    return dag


def get_dag(subdir: str | None, dag_id: str) -> Any:
    """Older form of :func:`get_bagged_dag`."""
    return get_bagged_dag(None, dag_id, subdir)


def setup_locations(process: str, *args: Any, **kwargs: Any) -> Any:
    """Refused: Tradewind's roles know where their files are."""
    raise NotInTradewind(f"{process} is not run as a part of Airflow: Tradewind's command line starts its own roles")


def providers_configuration_loaded(func: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: options of providers are always known."""
    return func
