"""Signs that php-fpm's files belong to a container image, where published ports decide who can connect."""

import posixpath
import re

from tuner.source.regex import regex
from tuner.source.tree import Tree
from tuner.stack.php_fpm.loading import Instance, PoolSettings
from tuner.stack.value import Origin, Value

IMAGE_WORDS = regex(r"docker|container|podman|kubernetes|(?<![a-z0-9])(?:k8s|helm)(?![a-z0-9])", re.I)
RECIPE = regex(
    r"(?:docker|container)file(?:\..*)?|.*\.(?:docker|container)file|(?:docker-)?compose[^/]*\.ya?ml", re.I
)
LOG_DIRECTIVES = ("error_log", "access.log", "slowlog")
STANDARD_STREAM = regex(r"/dev/std(?:out|err)|/proc/(?:self|1)/fd/[0-9]+|/dev/fd/[0-9]+")


def image_folders(tree: Tree) -> frozenset[str]:
    """Return the folders on disk that hold a Dockerfile or a compose file."""
    paths = (*tree.files, *tree.unread)
    return frozenset(posixpath.dirname(p) for p in paths if RECIPE.fullmatch(posixpath.basename(p)))


def is_in_container(instance: Instance, recipes: frozenset[str]) -> Value:
    """Return whether one php-fpm's files look like an image's; `recipes` are `image_folders`."""
    sign = _sign(instance, recipes)
    words = sign or "nothing in the files looks like a container image"
    return Value("pool.is_in_container", bool(sign), Origin("derived", words), label="in a container")


def _sign(instance: Instance, recipes: frozenset[str]) -> str:
    """Return the first sign in words, empty if there is none."""
    sections = (instance.global_settings, *instance.pools.values())
    files = {setting.text.path for section in sections for setting in section.settings}
    for path in sorted(files | {instance.start.path}):
        if IMAGE_WORDS.search(path):
            return f"the path {path}"
    folder = posixpath.dirname(instance.start.source.disk_path)
    while folder != posixpath.dirname(folder):
        if folder in recipes:
            return f"a Dockerfile or compose file in {folder}"
        folder = posixpath.dirname(folder)
    if any(s.directive.args[0].text == "" for s in instance.global_settings.scalars("daemonize")):
        return "daemonize = no"
    return next(filter(None, map(_stream_of, sections)), "") or _comment_of(instance)


def _comment_of(instance: Instance) -> str:
    document = instance.start.document
    for comment in document.comments if document else ():
        if IMAGE_WORDS.search(comment.text):
            return f"a comment: {comment.text.strip()}"
    return ""


def _stream_of(section: PoolSettings) -> str:
    for label in LOG_DIRECTIVES:
        for setting in section.scalars(label):
            target = setting.directive.args[0].text
            if STANDARD_STREAM.fullmatch(target):
                return f"{label} = {target}"
    return ""
