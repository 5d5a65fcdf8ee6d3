"""redis.conf is read as Redis 6.2, 7.0 and 8.2 and Valkey 9.1 read it."""

from tests.conformance.redis import compare

LEAST_CASES = 200


def test_no_difference_to_what_the_servers_said() -> None:
    rows = compare(None, live=False)
    assert len(rows) == 4
    assert all(row.cases >= LEAST_CASES and row.compared_values for row in rows)
    assert [difference for row in rows for difference in row.differences] == []
