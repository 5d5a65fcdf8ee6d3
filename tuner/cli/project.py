"""`fpmtune.toml`, or `[tool.fpmtune]` in `pyproject.toml`: what a project says once for all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tuner import __version__
from tuner.cli.project_file import find_settings, read_settings
from tuner.cli.settings_error import explain
from tuner.errors import UsageError
from tuner.judge.finding import Severity
from tuner.source.tree import real_path

Text = Annotated[str, StringConstraints(min_length=1)]
FolderOnHost = Annotated[str, StringConstraints(pattern=r"^/")]
Roots = dict[Text, FolderOnHost]

PLAIN_TEXTS = frozenset({"required-version", "target", "load"})
LISTS_OF_TEXTS = frozenset({"select", "ignore", "exclude", "rules"})


def _key(field: str) -> str:
    return field.replace("_", "-")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True, alias_generator=_key)


class HostTable(_Table):
    """One machine: which of the project's files it will have."""

    name: Text = Field(description="What reports call the host.")
    paths: list[Text] = Field(
        min_length=1,
        description="The host's folders and files, below this file's folder; several hosts may share one. "
        "Where two of them hold the same file of the host, the later one counts.",
    )
    target: str = Field("", description="The host's release or versions; else the project's.")
    sysctl: list[Text] = Field(
        [], description="The host's sysctl files or folders of them, wherever they lie in the project."
    )
    roots: Roots = Field({}, description="Folders of the project and the path each has on this host.")


class Project(_Table):
    """The settings of one project; the command line wins over each of them."""

    required_version: str = Field(
        "", description="The versions of fpmtune that may check this project.", examples=[">=0.1,<1"]
    )
    target: str = Field(
        "",
        description="The machine that the files are meant for: a release, or versions.",
        examples=["debian-12", "kernel=6.1,php=8.2,nginx=1.22,redis=7.0"],
    )
    load: str = Field("", description="A load file of `fpmtune measure` that `check` and `show` judge by.")
    select: list[str] = Field([], description="Only these rules: ids, names, or prefixes of ids.")
    ignore: list[str] = Field([], description="All rules but these: ids, names, or prefixes of ids.")
    severity: dict[Text, Severity] = Field(
        {}, description="The severity of single rules, by id or name, however certain they are."
    )
    fail_on: Literal["error", "warning", "info", "never"] = Field(
        "warning", description="The mildest severity that makes `fpmtune check` exit with 1."
    )
    exclude: list[str] = Field(
        [],
        description="Names of folders and files to pass over, as .git and vendor always are.",
    )
    roots: Roots = Field({}, description="Folders of the project and the path each will have on the machine.")
    host: list[HostTable] = Field([], description="The project's machines; nothing joins across them.")
    rules: list[str] = Field(
        [], description="Files, and folders of *.yaml files, that hold rules of your own: one a file."
    )


def load_project(config: str | None, start: str) -> tuple[Project, Path | None]:
    """Return the settings of `config`, or of the nearest file above `start`, and where they were found.

    Raises UsageError with the file's path when it cannot be read, holds something unknown, or asks for
    another version of fpmtune.
    """
    path = Path(config) if config else find_settings(Path(real_path(start)))
    if path is None:
        return Project.model_construct(), None
    table = read_settings(path)
    # First of all: another version may know keys that this one would call unknown.
    _check_version(table.get("required-version", ""), path)
    if _is_plain(table):
        return Project.model_construct(**{key.replace("-", "_"): value for key, value in table.items()}), path
    try:
        project = Project.model_validate(table)
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error, Project, table)}") from None
    _check_names(project, path)
    return project, path


def _is_plain(table: Mapping[str, object]) -> bool:
    """Say whether the table holds only texts and lists of texts, each right for its key.

    Most projects need no more, and to build the validator takes as long as to read the project's files.
    """
    return all(
        _is_text(value) if key in PLAIN_TEXTS else _is_list(key, value) for key, value in table.items()
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(key: str, value: object) -> bool:
    return key in LISTS_OF_TEXTS and isinstance(value, list) and all(map(_is_text, value))


def _check_version(wanted: object, path: Path) -> None:
    if not isinstance(wanted, str) or not wanted:
        return
    from tuner.laws.version_requirement import VersionRequirement

    try:
        requirement = VersionRequirement.parse(wanted)
    except ValueError as error:
        raise UsageError(f"{path}: required-version: {error}") from None
    if not requirement.admits(__version__):
        raise UsageError(f"{path}: required-version: asks for {wanted}, and this is fpmtune {__version__}")


def _check_names(project: Project, path: Path) -> None:
    names = [host.name for host in project.host]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{path}: [[host]]: two hosts are called '{name}'")
