import pytest

from tuner.errors import UsageError
from tuner.laws.version import Version
from tuner.stack.target import PROGRAMS, Target, parse_target


def version(text: str) -> Version:
    return Version.parse(text)


def test_a_release_names_every_version_it_ships() -> None:
    target = parse_target("debian-12")
    versions = {program: str(target.version(program)) for program in PROGRAMS if program != "valkey"}
    assert versions == {"kernel": "6.1", "php": "8.2", "nginx": "1.22", "redis": "7.0"}
    assert (target.name, target.sysctl_conf_at_boot, target.php_prefix) == ("debian-12", True, "/usr")


def test_debian_13_does_not_read_sysctl_conf_at_boot() -> None:
    assert parse_target("debian-13").sysctl_conf_at_boot is False
    assert Target().sysctl_conf_at_boot is None


@pytest.mark.parametrize("text", ["kernel=6.1,php=8.2", " kernel = 6.1 , php = 8.2 ", "php=8.2,,kernel=6.1,"])
def test_versions_by_program(text: str) -> None:
    target = parse_target(text)
    assert (target.version("kernel"), target.version("php")) == (version("6.1"), version("8.2"))
    assert target.version("nginx") is None
    assert target.patch_level("redis") is None


@pytest.mark.parametrize("text", ["debian-12,php=8.4", "php=8.4,debian-12"])
def test_a_stated_version_wins_over_the_release_in_either_order(text: str) -> None:
    target = parse_target(text)
    assert target.version("php") == version("8.4")
    assert target.version("nginx") == version("1.22")


@pytest.mark.parametrize("text", ["debian-12,kernel=5.10", "kernel=5.10,debian-12"])
def test_a_stated_kernel_is_not_patched_like_the_releases(text: str) -> None:
    assert parse_target("debian-12").patch_level("kernel") == version("6.1.125")
    assert parse_target(text).patch_level("kernel") == version("5.10")


def test_a_version_of_the_files_counts_only_where_none_is_stated() -> None:
    told = parse_target("php=8.1").with_version("php", version("8.3")).with_version("nginx", version("1.26"))
    assert (told.version("php"), told.version("nginx")) == (version("8.1"), version("1.26"))
    assert told.name == "php=8.1"


def test_what_the_files_tell_leaves_the_rest_of_the_target() -> None:
    told = parse_target("debian-13").with_version("mariadb", version("11.0"))
    assert (told.patch_level("kernel"), told.sysctl_conf_at_boot, told.php_prefix) == (
        version("6.12.10"),
        False,
        "/usr",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("debian-99", "unknown target 'debian-99'"),
        ("Debian-12", "unknown target"),
        ("python=3.12", "unknown program 'python'"),
        ("=6.1", "unknown program ''"),
        ("kernel=", "kernel="),
        ("kernel=6", "two or more numbers"),
        ("php=eight", "two or more numbers"),
        ("kernel=2.6.18", "before 2.6.32"),
        ("kernel=0.1", "before 2.6.32"),
        ("kernel==6.1", "two or more numbers"),
    ],
)
def test_what_cannot_be_a_target_says_why(text: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_target(text)
    assert words in str(error.value)


def test_an_unknown_target_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"debian-12.*alpine.*kernel=6.1"):
        parse_target("debian")
