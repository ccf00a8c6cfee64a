import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.payloads import PAYLOADS, Seen

from gtmkit.report.sanitise import ATTRIBUTES, TAGS, sanitise


def is_inert(text):
    seen = Seen(text)
    return set(seen.tags) <= TAGS and all(
        (name in ATTRIBUTES or name.startswith(("aria-", "data-")))
        and not name.startswith("on")
        and "script:" not in value.lower()
        and "evil.test" not in value.replace('"><img src=x onerror=alert(1)>', "")
        for name, value in seen.attributes
        if name in ("href", "src", "fill") or name.startswith("on")
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_inert(payload):
    clean = sanitise(payload)
    assert is_inert(clean), clean
    assert "<script" not in clean.lower()
    assert not any(name.startswith("on") or name == "style" for name, _ in Seen(clean).attributes)


@given(st.text(alphabet="<>\"'/= abcsriptonx:&;!-\n", max_size=80))
def test_whatever_comes_out_is_on_the_list_and_stays_so(text):
    clean = sanitise(text)
    assert is_inert(clean)
    assert sanitise(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        '<table class="cards"><caption>a &amp; b</caption><tr><th scope="row">x</th><td>1</td></tr></table>',
        '<figure role="img" aria-label="x"><svg viewbox="0 0 1 1"><path d="M0 0"></path></svg></figure>',
        '<rect fill="url(#hatch)"></rect>',
        '<a href="04_cohort_retention.html#s1">x</a>',
        '<a href="https://example.test/x">x</a>',
        '<a download="x.csv" href="data:text/csv;base64,YQ==">x</a>',
        '<img alt="x" src="data:image/png;base64,AAAA">',
        "<p>a < b</p>".replace("<", "&lt;").replace("&lt;p", "<p").replace("&lt;/p", "</p"),
    ],
)
def test_our_own_marks_pass_unchanged(text):
    assert sanitise(text) == text


def test_what_is_open_is_closed():
    assert sanitise("<div><p>x</div></section>y<b>") == "<div><p>x</p></div>y<b></b>"
