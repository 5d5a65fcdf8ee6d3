"""What a plan for people shows of what stands in files: control characters are shown and not sent."""

from tuner.report.terminal import Style
from tuner.report.tune_text import tune_text
from tuner.stack.value import Value, absent
from tuner.tune.edits import Patches, Unwritten
from tuner.tune.plan import Alternative, Plan, PoolPlan, Recommendation, Step

ESC = "\x1b[2J"


def test_control_characters_of_files_are_shown_and_not_sent() -> None:
    present = absent("zone")
    written = Value(f"v{ESC}", f"d{ESC}", present.origin)
    recommendations = (
        Recommendation(
            "zone", "nginx", f"e{ESC}", present, f"p{ESC} 64k", f"w{ESC}", "f", (written,), "reload"
        ),
        Recommendation(f"s{ESC}", "nginx", "e", written, 1, "w", "f", (), "reload"),
    )
    other = Alternative(f"t{ESC}", {f"k{ESC}": f"x{ESC}"}, f"c{ESC}", None)
    pool = PoolPlan("pool:www", f"n{ESC}", None, None, None, (other,), None, None, (f"o{ESC}",))
    step = Step("nginx", f"r{ESC}", None, f"q{ESC}", recommendations)
    plan = Plan(f"h{ESC}", recommendations, (pool,), (f"m{ESC}",), (step,))
    text = tune_text([plan, plan], Patches((), (Unwritten(recommendations[0], f"b{ESC}"),)), Style())
    assert "zone (not set) -> p\\x1b[2J 64k\n" in text
    assert text.replace("\n", "").isprintable()
    for letter in "vdewrqstkxcnohmb":
        assert f"{letter}\\x1b[2J" in text, letter
