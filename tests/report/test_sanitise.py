from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtmkit.report.sanitise import ATTRIBUTES, TAGS, sanitise

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.test/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.test/pixel.png'>",
    "<img src='data:text/html,<script>alert(1)</script>'>",
    "<svg onload=alert(1)><circle r=1></svg>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><use href='https://evil.test/x.svg#a'></use></svg>",
    "<svg><foreignObject><body onload=alert(1)></foreignObject></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    '<svg><rect fill="url(https://evil.test/x#a)"></rect></svg>',
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\nscript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='//evil.test'>x</a>",
    "<iframe src='https://evil.test'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='x.swf'></object><embed src=x>",
    "<form action='https://evil.test'><input name=q><button>go</button></form>",
    "<style>@import 'https://evil.test/x.css'</style>",
    '<div style="background:url(https://evil.test)">x</div>',
    "<link rel=stylesheet href='https://evil.test/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "<base href='https://evil.test/'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "<p title='\"><img src=x onerror=alert(1)>'>x</p>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<body onload=alert(1)><p>x",
    "<details open ontoggle=alert(1)>x</details>",
    "<template><img src=x onerror=alert(1)></template>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<textarea></textarea><script>alert(1)</script>",
    "<audio src=x onerror=alert(1)></audio><video><source onerror=alert(1)></video>",
    "<p aria-label='x' data-onclick='alert(1)' onclick='alert(1)'>x</p>",
]


class Seen(HTMLParser):
    """Every tag and attribute that a reader of the HTML would see."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


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
