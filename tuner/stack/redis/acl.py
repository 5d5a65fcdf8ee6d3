"""The rules of a `user` line: whether Redis loads them at start."""

import re
from collections.abc import Sequence

from tuner.source.regex import regex
from tuner.stack.redis.directives import Knowledge
from tuner.stack.redis.releases import Release
from tuner.stack.redis.texts import folded

FLAGS = frozenset({"on", "off", "sanitize-payload", "skip-sanitize-payload"})
SELECTOR_FLAGS = frozenset({"allcommands", "nocommands"})
PASSWORD_HASH = regex(r"[0-9a-f]{64}\Z")
KEY_PATTERN = regex(r"(?:~|%(?:R|W|RW|WR)~|%~)([^ \t\n\v\f\r\0]*)\Z", re.IGNORECASE)
OLD_KEY_PATTERN = regex(r"~([^ \t\n\v\f\r\0]*)\Z")
CHANNEL_PATTERN = regex(r"&([^ \t\n\v\f\r\0]*)\Z")
BLANK = regex(r"[ \t\n\v\f\r\0]")
SYNTAX = "Syntax error"
BAD_HASH = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
AFTER_ALL = "Adding a pattern after the * pattern is not valid and does not have any effect"
UNKNOWN = "Unknown command or category name in ACL"


def user_refusal(
    arguments: Sequence[str], release: Release, knowledge: Knowledge, *, has_all_channels: bool
) -> tuple[str, int] | None:
    """Return why a `user` line is refused and which of its arguments is to blame, None if it is taken.

    A command that only a module has counts as unknown. `has_all_channels` is what acl-pubsub-default gives a
    new user.
    Source: acl.c, ACLSetUser(), ACLAppendUserForLoading(), ACLLoadConfiguredUsers().
    """
    if not arguments:
        return "Bad directive or wrong number of arguments", 0
    if BLANK.search(arguments[0]):
        return "Spaces not allowed in ACL usernames", 0
    user = _User(release, knowledge, has_all_channels)
    merged = _merged(arguments[1:], release)
    if merged is None:
        return "Unmatched parenthesis in selector", len(arguments) - 1
    for rule, at in merged:
        reason = user.apply(rule)
        if reason:
            return reason, at + 1
    return None


def _merged(rules: Sequence[str], release: Release) -> list[tuple[str, int]] | None:
    """Return rules with where they begin, those of a selector in parentheses as one; None if one is open."""
    merged: list[tuple[str, int]] = []
    opened: tuple[str, int] | None = None
    for at, rule in enumerate(rules):
        if release.is_before_7:
            merged.append((rule, at))
        elif rule.startswith("(") and not rule.endswith(")"):
            opened = rule, at
        elif opened:
            opened = f"{opened[0]} {rule}", opened[1]
            if rule.endswith(")"):
                merged.append(opened)
                opened = None
        else:
            merged.append((rule, at))
    return None if opened else merged


class _User:
    """What the rules so far have made of a user, as far as a later rule can fail by it."""

    def __init__(self, release: Release, knowledge: Knowledge, has_all_channels: bool) -> None:
        self.release = release
        self.knowledge = knowledge
        self.has_all_channels = has_all_channels
        self.passwords: set[str] = set()
        self.root = self._new_selector()

    def _new_selector(self) -> "_Selector":
        return _Selector(self.release, self.knowledge, self.has_all_channels)

    def apply(self, rule: str) -> str:
        """Apply one rule; return why it is refused, or nothing."""
        word = folded(rule)
        if not rule or word in FLAGS:
            return ""
        if word in ("nopass", "resetpass", "reset"):
            self.passwords.clear()
            if word == "reset":
                self.root = self._new_selector()
            return ""
        if rule[0] in "><#!":
            return self._password(rule)
        if not self.release.is_before_7:
            if word == "clearselectors":
                return ""
            if rule[0] == "(" and rule[-1] == ")":
                return self._selector(rule[1:-1])
        return self.root.apply(rule)

    def _password(self, rule: str) -> str:
        kind, text = rule[0], rule[1:]
        if kind in "#!" and not PASSWORD_HASH.match(text):
            return BAD_HASH
        key = text if kind in "#!" else f">{text}"
        if kind in ">#":
            self.passwords.add(key)
        elif key not in self.passwords:
            return "The password you are trying to remove from the user does not exist"
        return ""

    def _selector(self, rules: str) -> str:
        selector = self._new_selector()
        return next(filter(None, (selector.apply(rule) for rule in rules.split())), "")


class _Selector:
    """Permissions: whether they already cover every key and every channel."""

    def __init__(self, release: Release, knowledge: Knowledge, has_all_channels: bool) -> None:
        self.release = release
        self.knowledge = knowledge
        self.has_all_channels = has_all_channels
        self.has_all_keys = False

    def apply(self, rule: str) -> str:
        """Apply one rule; return why it is refused, or nothing."""
        word = folded(rule)
        if word in SELECTOR_FLAGS or not rule:
            return ""
        if word in ("allkeys", "~*", "resetkeys"):
            self.has_all_keys = word != "resetkeys"
            return ""
        if word in ("allchannels", "&*", "resetchannels"):
            self.has_all_channels = word != "resetchannels"
            return ""
        if rule[0] in "~%":
            return self._keys(rule)
        if rule[0] == "&":
            return self._channels(rule)
        if rule[0] in "+-":
            return self._command(rule[0], rule[1:])
        return SYNTAX

    def _keys(self, rule: str) -> str:
        if self.release.is_before_7 and rule[0] == "%":
            return SYNTAX
        if self.has_all_keys:
            return AFTER_ALL
        pattern = OLD_KEY_PATTERN if self.release.is_before_7 else KEY_PATTERN
        return "" if pattern.match(rule) else SYNTAX

    def _channels(self, rule: str) -> str:
        if self.has_all_channels:
            return AFTER_ALL
        return "" if CHANNEL_PATTERN.match(rule) else SYNTAX

    def _command(self, sign: str, name: str) -> str:
        if name.startswith("@"):
            return "" if folded(name[1:]) in self.knowledge.categories else UNKNOWN
        command, bar, sub = folded(name).partition("|")
        if command not in self.knowledge.commands:
            return UNKNOWN
        if bar and not sub:
            return SYNTAX if sign == "+" else UNKNOWN
        return ""
