import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.version_requirement import VersionRequirement


@pytest.mark.parametrize(
    ("requirement", "admitted", "refused"),
    [
        ("==0.1", ["0.1", "0.1.0", "0.1.0.dev3"], ["0.1.1", "0.2", "0"]),
        ("0.1.0", ["0.1.0", "0.1"], ["0.1.1"]),
        ("!=0.1.3", ["0.1.2", "0.1.4"], ["0.1.3", "0.1.3.0"]),
        (">=0.1", ["0.1.0", "0.10", "1"], ["0.0.9"]),
        (">0.1", ["0.1.1", "0.2"], ["0.1", "0.1.0"]),
        ("<=1", ["1.0.0", "0.9"], ["1.0.1"]),
        ("<1", ["0.99.99"], ["1.0.0", "1"]),
        (" >= 0.1 , <1, != 0.3", ["0.1", "0.3.1"], ["0.0.1", "0.3", "1.0"]),
    ],
)
def test_admits(requirement: str, admitted: list[str], refused: list[str]) -> None:
    parsed = VersionRequirement.parse(requirement)
    assert [version for version in admitted if not parsed.admits(version)] == []
    assert [version for version in refused if parsed.admits(version)] == []


@pytest.mark.parametrize(
    "text", ["", ">=", ">=0.1,", "~=0.1", "=0.1", "==0.1.*", ">=0.1 <1", "latest", ">=0.1.", "==-1"]
)
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(ValueError, match="expected versions with ==") as caught:
        VersionRequirement.parse(text)
    assert "like >=0.1,<1; not '" in str(caught.value)


VERSIONS = st.lists(st.integers(0, 20), min_size=1, max_size=4).map(
    lambda numbers: ".".join(map(str, numbers))
)


@given(VERSIONS, VERSIONS)
def test_each_operator_is_the_other_ones_opposite(version: str, wanted: str) -> None:
    def holds(operator: str) -> bool:
        return VersionRequirement.parse(f"{operator}{wanted}").admits(version)

    assert holds("==") is not holds("!=")
    assert holds(">=") is not holds("<")
    assert holds("<=") is not holds(">")
    assert holds("==") is (holds("<=") and holds(">="))
