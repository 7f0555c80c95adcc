"""Files of playbooks that nobody has written: every kind of step, any order without circles, texts with anything in them.

For the engine, which reads no files, `made_up.py`.
"""

from typing import Any

from hypothesis import strategies as st

TARGETS = ("on_duty(cloud_authority)", "role(incident.using_units, security_lead)", "organization(incident.vendors)")
EVENTS = ("incident.handled", "incident.assessed", "obligation.met")
FORMS = ("initial", "progress", "closing")
RULES = ("cac-2025-reporting/cii-operator", "city-chain/city-cyberspace-office")

durations = st.sampled_from(["90s", "15m", "4h", "20d", "1h30m"])
targets = st.one_of(st.sampled_from(TARGETS), st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True))
words = st.text(
    st.one_of(st.sampled_from("no: #-'\"[]{}|>&*!%@`\\/值班呼叫，。 0123"), st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip() == text and text.isprintable())  # fmt: skip
texts = st.one_of(
    st.builds(lambda zh: {"zh-CN": zh}, words), st.builds(lambda zh, en: {"zh-CN": zh, "en": en}, words, words)
)


def options(ids: list[str], titles: list[Any]) -> list[dict[str, Any]]:
    return [{"id": one, "title": title} for one, title in zip(ids, titles, strict=False)]


@st.composite
def decisions(draw: st.DrawFn) -> dict[str, Any]:
    ids = draw(
        st.lists(st.sampled_from(["yes", "no", "cut", "zeta", "alpha", "off"]), min_size=2, max_size=5, unique=True)
    )
    titles = [draw(texts) for _ in ids]
    return {
        "title": draw(texts),
        "to": draw(targets),
        "options": options(ids, titles),
        "within": draw(durations),
        "default": draw(st.sampled_from(ids)),
    }


rungs = st.fixed_dictionaries(
    {"to": targets, "within": st.just("1h")},
    optional={"via": st.sampled_from(["preferred", ["sms", "email"], ["voice"]]), "every": st.just("5m")},
)
actions = st.one_of(
    st.builds(
        lambda page, until: {"page": page} | ({"until": until} if until else {}),
        st.lists(rungs, min_size=1, max_size=3),
        st.sampled_from([None, "acknowledged", "acknowledged_by_all", "received", "none"]),
    ),
    st.builds(
        lambda page, times: {"page": page, "expires": {"after": "30m", "unless": "incident.handled"} | times},
        st.lists(rungs, min_size=1, max_size=2),
        st.sampled_from([{}, {"times": 2}]),
    ),
    st.builds(
        lambda notice: {"notice": notice}, st.fixed_dictionaries({"to": targets}, optional={"text": texts})
    ),
    st.builds(
        lambda form, by, rule, within: {"report": {"form": form, "by": by, "obligation": rule, "within": within}},
        st.sampled_from(FORMS),
        targets,
        st.sampled_from(RULES),
        durations,
    ),
    st.builds(
        lambda task: {"task": task},
        st.fixed_dictionaries(
            {"title": texts, "to": targets, "within": durations},
            optional={"checklist": st.lists(st.one_of(words, texts), max_size=3), "evidence": st.just("required")},
        ),
    ),
    st.builds(lambda decide: {"decide": decide}, decisions()),
    st.builds(lambda wait: {"wait": wait}, st.one_of(durations, st.sampled_from(EVENTS))),
    st.builds(lambda within: {"call": {"endpoint": "soc", "within": within}}, durations),
    st.just({"run": "data-leak"}),
)  # fmt: skip


@st.composite
def playbooks(draw: st.DrawFn, most: int = 9) -> dict[str, Any]:
    """The data of a file that reads without faults."""
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, most))):
        own: dict[str, Any] = {"id": f"s{number}"}
        if draw(st.booleans()):
            own["title"] = draw(texts)
        if steps and draw(st.booleans()):
            known = [one["id"] for one in steps]
            own["after"] = draw(st.lists(st.sampled_from(known), max_size=3, unique=True))
        if draw(st.booleans()):
            asked = [one for one in steps if "decide" in one]
            decided = [f'decided.{one["id"]} == "{one["decide"]["default"]}"' for one in asked]
            own["when"] = draw(st.sampled_from(['incident.cii != "no"', "!incident.handled", *decided]))
        steps.append(own | draw(actions))
    return {
        "apiVersion": "irm/v1",
        "kind": "Playbook",
        "id": "story",
        "title": draw(texts),
        "start": draw(
            st.sampled_from([{"on": "incident.graded"}, {"on": ["incident.graded"], "when": "!incident.exercise"}])
        ),
        "steps": steps,
    }
