"""Files that are no sysctl files and yet name a sysctl key: a compose file, a script, a task, a manual.

Whoever names a key sets it, or tells people to: its default is then no good guess.
"""

import os
import posixpath

from tuner.source.tree import Tree, read

SUFFIXES = frozenset(
    {
        *(".yml", ".yaml", ".json", ".toml", ".env", ".service", ".mk", ".tf", ".hcl", ".nix", ".pp"),
        *(".sh", ".bash", ".py", ".pl", ".rb", ".inc", ".md", ".rst", ".txt", ".adoc"),
        "",  # Makefile, Vagrantfile, bin/install
    }
)
FILES_CAP = 500
SIZE_CAP_BYTES = 256 * 1024


class Mentions:
    """Which file of `tree` names a key; nothing is read before somebody asks.

    Of the files that are no configuration the first `FILES_CAP` are looked into, those that lie nearest to
    the given paths, and none that is larger than `SIZE_CAP_BYTES`. `sysctl_files` are not asked, by their
    paths on disk: what they set is known, and nothing to another host.
    """

    def __init__(self, tree: Tree, sysctl_files: frozenset[str] = frozenset()) -> None:
        self.tree = tree
        self.sysctl_files = sysctl_files
        self._texts: dict[str, bytes] | None = None

    def of(self, key: str) -> str:
        """Return the path of a file that names `key`, empty if there is none."""
        if self._texts is None:
            self._texts = {**self._of_configuration(), **self._of_others()}
        dotted = key.encode()
        return next((path for path, data in self._texts.items() if dotted in data), "")

    def _of_configuration(self) -> dict[str, bytes]:
        asked = (file for path, file in self.tree.files.items() if path not in self.sysctl_files)
        return {file.path: file.text.data for file in asked if file.text}

    def _of_others(self) -> dict[str, bytes]:
        """Return the other files, where a script writes to /proc/sys with the path as the key it means."""
        names = (name for name in self.tree.unread if posixpath.splitext(name)[1].lower() in SUFFIXES)
        nearest = sorted(names, key=lambda name: (name.count("/"), name))[:FILES_CAP]
        texts = {}
        for name in nearest:
            if _is_small(name) and (text := read(self.tree.unread[name], name).text):
                texts[text.path] = text.data.replace(b"/", b".")
        return texts


def _is_small(path: str) -> bool:
    try:
        return os.stat(path, follow_symlinks=False).st_size <= SIZE_CAP_BYTES
    except OSError:
        return False
