"""Making virtual environments, and the script that runs a function in another interpreter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["execute_in_subprocess", "prepare_virtualenv", "write_python_script"]


def _installer() -> str:
    """``uv`` or ``pip``: what ``[standard] venv_install_method`` says; ``auto`` takes uv if it is there."""
    from airflow.configuration import conf

    method = (conf.get("standard", "venv_install_method", fallback="auto") or "auto").lower()
    if method not in ("auto", "uv", "pip"):
        from airflow.sdk.exceptions import AirflowConfigException

        raise AirflowConfigException(f"[standard] venv_install_method is {method!r}; it can be auto, uv or pip")
    if method == "auto":
        return "uv" if shutil.which("uv") else "pip"
    return method


def prepare_virtualenv(
    venv_directory: str,
    python_bin: str,
    system_site_packages: bool,
    requirements: Sequence[str] | None = None,
    requirements_file_path: str | None = None,
    pip_install_options: Sequence[str] | None = None,
    index_urls: Sequence[str] | None = None,
) -> str:
    """Make a virtual environment in a folder and install requirements; the path of its interpreter."""
    if requirements is not None and requirements_file_path is not None:
        raise ValueError("Either requirements OR requirements_file_path has to be passed, but not both")
    from airflow.sdk.exceptions import AirflowException

    options = list(pip_install_options or ())
    method = _installer()
    if index_urls is not None:
        _write_index_configuration(venv_directory, index_urls, method)
    python = os.path.join(venv_directory, "bin", "python")
    if method == "uv":
        make = ["uv", "venv", "--allow-existing", "--seed", "--python", python_bin]
        install = ["uv", "pip", "install", "--python", python]
    else:
        make = [python_bin, "-m", "venv"]
        install = [os.path.join(venv_directory, "bin", "pip"), "install"]
    if system_site_packages:
        make.append("--system-site-packages")
    execute_in_subprocess([*make, venv_directory])
    if not os.path.exists(python):
        raise AirflowException(f"{python_bin} made no virtual environment in {venv_directory}")
    if system_site_packages:
        _see_own_packages(venv_directory, python_bin)
    env = dict(os.environ)
    if method == "uv" and index_urls is not None:
        env["UV_CONFIG_FILE"] = os.path.join(venv_directory, "uv.toml")
    if requirements_file_path is not None and os.path.getsize(requirements_file_path) > 0:
        execute_in_subprocess([*install, *options, "-r", requirements_file_path], env=env)
    elif requirements:
        execute_in_subprocess([*install, *options, *requirements], env=env)
    return python


def _see_own_packages(venv_directory: str, python_bin: str) -> None:
    """Let a virtual environment that was made from another one see that one's packages too: to the author of a task,
    the packages that the task would have without it are the system's."""
    import glob
    import site

    if sys.prefix == sys.base_prefix:
        return
    version = "python{}.{}".format(*sys.version_info[:2])
    for folder in glob.glob(os.path.join(venv_directory, "lib", version, "site-packages")):
        with open(os.path.join(folder, "_environment_of_the_worker.pth"), "w", encoding="utf-8") as file:
            file.write("\n".join(path for path in site.getsitepackages() if os.path.isdir(path)) + "\n")


def _write_index_configuration(venv_directory: str, index_urls: Sequence[str], method: str) -> None:
    """Tell the installer where packages come from; no URLs at all means that nothing may be fetched."""
    os.makedirs(venv_directory, exist_ok=True)
    if method == "uv":
        path = os.path.join(venv_directory, "uv.toml")
        if index_urls:
            lines = [f'index-url = "{index_urls[0]}"']
            if index_urls[1:]:
                lines.append("extra-index-url = [" + ", ".join(f'"{url}"' for url in index_urls[1:]) + "]")
        else:
            lines = ["no-index = true"]
    else:
        path = os.path.join(venv_directory, "pip.conf")
        lines = ["[global]"]
        if index_urls:
            lines.append(f"index-url = {index_urls[0]}")
            if index_urls[1:]:
                lines.append("extra-index-url = " + " ".join(index_urls[1:]))
        else:
            lines.append("no-index = true")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.chmod(path, 0o600)  # URLs of private indexes have passwords in them


def execute_in_subprocess(cmd: Sequence[str], cwd: str | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run a command; its output goes to the log. Raises ``CalledProcessError`` if it fails."""
    import logging
    import shlex

    log = logging.getLogger("airflow.task")
    log.info("Executing cmd: %s", " ".join(shlex.quote(part) for part in cmd))
    process = subprocess.Popen(
        list(cmd), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, close_fds=True, cwd=cwd, env=env and dict(env)
    )
    log.info("Output:")
    try:
        with process.stdout:  # type: ignore[union-attr]
            for raw in process.stdout:  # type: ignore[union-attr]
                log.info("%s", raw.decode(errors="backslashreplace").rstrip())
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code != 0:
        raise subprocess.CalledProcessError(code, list(cmd))


def write_python_script(
    jinja_context: Mapping[str, Any], filename: str, render_template_as_native_obj: bool = False
) -> None:
    """Write the script that runs a function by itself.

    It is called with the paths of its input (pickled arguments), its output (the pickled result), a file of text
    arguments (or ``none``) and a file for what went wrong. Keys that are looked at: ``python_callable`` (a name),
    ``python_callable_source``, ``pickling_library``, ``op_args``, ``op_kwargs``, ``expect_airflow``,
    ``string_args_global`` and ``modified_dag_module_name``.
    """
    given = dict(jinja_context)
    name = given["python_callable"]
    library = given.get("pickling_library") or "pickle"
    parts = [
        "from __future__ import annotations",
        "",
        f"import {library}",
        "import os",
        "import sys",
        "import traceback",
        "",
        "_paths = sys.argv[1:]",
        "",
        "",
        "def _tell(error):",
        "    if len(_paths) > 3:",
        '        with open(_paths[3], "w") as file:',
        "            file.write(error)",
        "",
        "",
    ]
    if given.get("string_args_global", True):
        parts += [
            "virtualenv_string_args = []",
            "if len(_paths) > 2 and os.path.isfile(_paths[2]):",
            "    with open(_paths[2]) as file:",
            "        virtualenv_string_args = [line.strip() for line in file]",
            "",
            "",
        ]
    parts += [given["python_callable_source"].rstrip("\n"), "", ""]
    module = given.get("modified_dag_module_name")
    if module:
        # Pickles name the module that the DAG file was imported as.
        parts += [
            "import types",
            "",
            f"_module = types.ModuleType({module!r})",
            f"_module.{name} = {name}",
            f"sys.modules[{module!r}] = _module",
            "",
        ]
    parts += ["arguments = {'args': [], 'kwargs': {}}", "try:"]
    if given.get("op_args") or given.get("op_kwargs"):
        parts += ['    with open(_paths[0], "rb") as file:', f"        arguments = {library}.load(file)"]
    parts += [
        f"    result = {name}(*arguments['args'], **arguments['kwargs'])",
        '    with open(_paths[1], "wb") as file:',
        "        if result is not None:",
        f"            {library}.dump(result, file)",
        "except Exception:",
        "    _tell(traceback.format_exc())",
        "    raise",
        "",
    ]
    with open(filename, "w", encoding="utf-8") as file:
        file.write("\n".join(parts))
