"""Whatever is done to good files, every layer answers: no exception, and output that is safe to print."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.trees import FILES, check_tree

PIECES = [
    *(b"\" ' { } ; \\ $ ${ [ ] = # \0 \r \n \xff * .. / ~ | & ^ ! ( ) unix: [::] include".split(b" ")),
    *(
        "\u202e",
        "\ufeff",
        "\u00b2",
        "\u0663",
        "9" * 5000,
        "{{ x }}",
        "{% if %}",
        "server {",
        "listen",
        "-1",
        "1e9",
    ),
]


@st.composite
def changed_file(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of the shop with a few pieces cut out, doubled, moved in from another file, or made up."""
    name = draw(st.sampled_from(sorted(FILES)))
    data = FILES[name]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.just(data[start:end] * 2),
                st.sampled_from([p if isinstance(p, bytes) else p.encode() for p in PIECES]),
                st.sampled_from(sorted(FILES.values())).map(lambda other, at=start: other[at : at + 60]),
                st.binary(max_size=4),
            )
        )
        data = data[:start] + piece + data[end:]
    return name, data


@settings(max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(changed=st.lists(changed_file(), min_size=1, max_size=2), target=st.sampled_from(["", "debian-12"]))
def test_changed_files_never_break_the_program(changed: list[tuple[str, bytes]], target: str) -> None:
    check_tree(dict(changed), target)
