"""The entities that stand for lines of files and for files themselves, not for parts of the request path."""

from typing import Literal, NamedTuple

from tuner.stack.entity import Entity
from tuner.stack.value import Place, Value


class NotInForce(Entity):
    """A setting of the administrator's that a running machine does not have.

    `instead` is what it has, absent where it has a value that the files set. `where` names the machine or the
    network namespace that has it; `cure` says how to bring the setting into force there.
    """

    setting: Value
    instead: Value
    where: str
    cure: str


class SysctlKey(Entity):
    """One sysctl key.

    `lost` is the last setting of the administrator's that another one beats, with the winners at boot and
    by `sysctl --system` as its inputs; `outcome` says in words which value is in force then.
    `not_in_force` is what a running machine has in spite of the administrator's files, None where none was
    looked at or there is nothing to compare.
    """

    key: str
    boot: Value
    system: Value
    lost: Value
    outcome: str
    not_in_force: NotInForce | None = None


class SysctlLine(Entity):
    """One assignment in a sysctl file, as the kernel takes it.

    `at_key` is the key where it stands, `written` the text behind the `=`. For keys that hold one integer:
    `fault` is why the kernel refuses the text ("not a number", "out of range" of `bounds`), `in_force` what
    is in force after boot whatever the line says, `number` what the kernel reads, `as_decimal` what a person
    reads there, `behind` the text that the kernel passes over; each absent where there is no such thing.
    `is_removed` says that the kernel no longer has the key, since the release `removed_since`, `is_misnamed`
    that no kernel has it, and `instead` what to do; `is_optional` that a dash before the key lets it be
    missing. What a template fills in later is not judged.
    """

    key: str
    at_key: Value
    written: Value
    fault: Value
    bounds: str
    in_force: str
    number: Value
    as_decimal: Value
    behind: Value
    is_removed: Value
    removed_since: str
    is_misnamed: bool
    is_optional: bool
    instead: str


class ArrayKey(Entity):
    """One key of a pool's arrays: `php_admin_value[memory_limit]`.

    `value` is in force; `void` is a later setting that has no effect, one that differs if there is any.
    """

    key: str
    value: Value
    void: Value


class Duration(Entity):
    """A time in php-fpm's files: what php-fpm reads there, and what a person would."""

    setting: str
    written: str
    seconds: Value
    meant: Value


class RefusedValue(Entity):
    """A value in a file that `program` does not take, with the directive before it in `setting`.

    `is_refused` tells in which releases, where that depends on an unknown one; `because` is the program's
    reason after a colon, empty where it is plain. `is_placeholder` says that the value looks like something
    that is filled in before the program reads it: `@PORT@`, `${PORT}`, `{{ port }}`.
    """

    program: str
    setting: str
    value: Value
    is_refused: Value
    because: str = ""
    is_placeholder: bool = False


class UnknownDirective(Entity):
    """A line whose directive `program` does not know, so that it does not start.

    `is_unknown` tells in which releases, where that depends on an unknown one; `hint` says, after a
    semicolon, which release knows it or what may be meant. `is_of_old` says that releases from before those
    that are reckoned with knew it, and that nobody says which one is meant.
    """

    program: str
    directive: Value
    is_unknown: Value
    hint: str
    is_of_old: bool = False


class DirectiveFault(Entity):
    """A directive of nginx's own that nginx refuses; `words` are nginx's, with what explains them.

    One of the values holds the words at the place of the fault, the others are absent: `misplaced` in a block
    where the directive may not stand, `miscounted` with the wrong number of arguments or a block too many or
    too few, `repeated` where one is allowed, `unsupported` by the nginx that is meant (unknown where nobody
    says which that is), `listen_clash` with another listen of the address, `name_clash` with an earlier
    location, upstream, zone or log format of the name, `undefined` a name that nothing defines, `rewriting` a
    condition, a rewrite or a text with variables that cannot be read, `at_odds` with the location around it
    or a directive beside it, `buffers` a size that does not fit the others in force, `lacking` what it needs.
    """

    words: str
    misplaced: Value
    miscounted: Value
    repeated: Value
    unsupported: Value
    listen_clash: Value
    name_clash: Value
    undefined: Value
    rewriting: Value
    at_odds: Value
    buffers: Value
    lacking: Value


class PhpFpmFault(Entity):
    """What php-fpm refuses and is no value: an unknown directive, a missing one, or two at odds.

    `setting` is the directive, `words` what is wrong with it, `at` where it stands or would have to.
    `is_only_newer` says that later releases of PHP take it and nobody told which one is meant,
    `is_only_as_root` that php-fpm asks for it only when it is started as root.
    """

    kind: Literal["unknown-directive", "missing-directive", "slowlog"]
    setting: str
    words: str
    at: Value
    is_refused: Value
    is_only_newer: bool
    is_only_as_root: bool


class HashLine(Entity):
    """A line of a php-fpm file that starts with `#`, or a `#` behind a value that cannot hold one."""

    text: Value
    reads_as: str
    hash_starts_comment: Value


class FileProblem(Entity):
    """Something that stopped a file, or a part of it, from being read or loaded."""

    kind: Literal["syntax", "unreadable", "empty", "include-missing", "include-unmatched", "include-loop"]
    severity: Literal["error", "warning", "info", "note"]
    text: Value
    place: Place


class NotFollowed(NamedTuple):
    """An include or link that leads out of the given paths."""

    target: str
    place: Place | None
    reason: str
