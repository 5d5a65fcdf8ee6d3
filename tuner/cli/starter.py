"""The text of a new `fpmtune.toml`: every setting is there, and none is in force."""

import json
from collections.abc import Iterator, Sequence

from tuner import __version__, packaged
from tuner.report.terminal import printable
from tuner.stack.survey import Suggestion, Survey

TARGETS_SHOWN = 4


def starter_text(seen: Survey) -> str:
    """Return the file's text: TOML without a setting; those to choose from begin with `#` and no blank."""
    sections = (
        _head(),
        _target(seen.targets),
        _choices(),
        _roots(seen.roots),
        _hosts(seen.hosts),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _head() -> Iterator[str]:
    yield "# Settings of fpmtune; the command line wins over each of them."
    yield "# Nothing here is in force: take away the # before what is right for this project."
    yield ""
    yield "# The versions of fpmtune that may check this project."
    yield f'#required-version = ">={".".join(__version__.split(".")[:2])}"'


def _target(suggestions: Sequence[Suggestion]) -> Iterator[str]:
    names = ", ".join(packaged.defaults_tables()["targets"])
    yield "# The machine that the files are meant for. Without it, what no file tells is unknown, and"
    yield "# findings say in which case they hold. It is kernel=6.1,php=8.2,nginx=1.22,redis=7.0 or one of:"
    yield f"# {names}"
    for suggestion in suggestions[1:TARGETS_SHOWN]:
        yield f"# or {_text(suggestion.text)} ({printable(suggestion.reason)})"
    if suggestions:
        yield f"# Suggested by {printable(suggestions[0].reason)}"
    else:
        yield "# No file tells it; an example:"
    yield f"#target = {_text(suggestions[0].text if suggestions else 'debian-12')}"


def _choices() -> Iterator[str]:
    yield "# The mildest severity that makes `fpmtune check` exit with 1: error, warning, info, or never."
    yield '#fail-on = "warning"'
    yield ""
    yield "# A load file of `fpmtune measure`, by which check and show judge the pools."
    yield '#load = ""'
    yield ""
    yield "# Rules, by id, name, or prefix of an id (`fpmtune rules` lists them)."
    yield "#select = []"
    yield "#ignore = []"
    yield ""
    yield "# Names of folders and files to pass over, beside .git, vendor, node_modules and the like."
    yield "#exclude = []"
    yield ""
    yield "# Files and folders with rules of your own."
    yield "#rules = []"
    yield ""
    yield "# The severity of single rules: error, warning, info, note."
    yield "#[severity]"
    yield '#backlog-clamped = "error"'


def _roots(roots: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "# Folders that will lie elsewhere on the machine, and where: includes are found there."
    usable = [(folder, prefix) for folder, prefix in roots if _is_writable(folder)]
    if not usable:
        yield '# For example: nginx = "/etc/nginx"'
    yield "#[roots]"
    yield from (f"#{_text(folder)} = {_text(prefix)}" for folder, prefix in usable)


def _hosts(hosts: Sequence[str]) -> Iterator[str]:
    yield "# The machines. Without a table each folder that holds etc/ is one. Several may share a folder;"
    yield "# where two paths hold the same file, the later one counts. Each may have target, sysctl, roots."
    usable = [host for host in hosts if _is_writable(host)]
    for host in usable if len(usable) > 1 else ():
        yield "#[[host]]"
        yield f"#name = {_text(host)}"
        yield f"#paths = [{_text(host)}]"
    if len(usable) < 2:
        yield '# For example: [[host]] with name = "web1" and paths = ["common", "web1"]'


def _is_writable(name: str) -> bool:
    """Say whether TOML, which is UTF-8, can hold the name."""
    return name.isprintable()


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
