"""Which files are worth opening: by name alone, so that a large repository is not read through."""

import posixpath
import re

TEMPLATE_SUFFIX = re.compile(r"\.(?:j2|jinja2?|erb|epp|tmpl|tpl|template)\Z", re.IGNORECASE)
SUFFIXES = frozenset({"", ".conf", ".cnf", ".vhost", ".nginx", ".inc", ".types", ".site"})
FOLDERS = frozenset({"sites-available", "sites-enabled", "sites_available", "sites_enabled", "pool.d"})


def is_candidate(path: str) -> bool:
    """Say whether a file found in a folder may be configuration, by its suffix or its folder.

    What a template is filled in to has its own suffix, below the template's.
    """
    folder, name = posixpath.split(path)
    stem = TEMPLATE_SUFFIX.sub("", name)
    if stem != name and not stem.startswith("."):
        return True
    suffix = posixpath.splitext(stem)[1].lower()
    return suffix in SUFFIXES or posixpath.basename(folder) in FOLDERS
