"""Which files are worth opening: by name alone, so that a large repository is not read through."""

import posixpath

from tuner.formats.templates import made_path

SUFFIXES = frozenset({"", ".conf", ".cnf", ".vhost", ".nginx", ".inc", ".types", ".site"})
FOLDERS = frozenset({"sites-available", "sites-enabled", "sites_available", "sites_enabled", "pool.d"})


def is_candidate(path: str) -> bool:
    """Say whether a file found in a folder may be configuration, by its suffix or its folder.

    What a template is filled in to has its own suffix, below the template's.
    """
    folder, name = posixpath.split(path)
    stem = made_path(name)
    if stem != name and not stem.startswith("."):
        return True
    suffix = posixpath.splitext(stem)[1].lower()
    return suffix in SUFFIXES or posixpath.basename(folder) in FOLDERS
