"""The one family of errors that fpmtune raises on purpose."""


class FpmtuneError(Exception):
    """Something the user can put right; its text is shown without a traceback."""


class UsageError(FpmtuneError):
    """The command line or `fpmtune.toml` asks for something that does not exist."""


class ChangeError(FpmtuneError):
    """Files cannot be changed as asked: they are what they were, unless the text says otherwise."""


class InputError(FpmtuneError):
    """A log, a trace or a load file is not what it should be: says where, and what was expected."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message


class RuleError(FpmtuneError):
    """A rule file is wrong: says where (`path:line:column`) and what was expected."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message
