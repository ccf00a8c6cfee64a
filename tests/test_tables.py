"""Tables: escaped, side by side, honest about what is not there."""

import csv
import io
import re
from html import unescape
from urllib.parse import unquote

import pandas as pd

from gtmkit import display, formats, tables
from gtmkit.config import Process
from gtmkit.periods import Period
from gtmkit.trust import Trust, standing
from gtmkit.wording import Sentence, SoWhat

NAMES = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]


def result(**rows):
    return pd.DataFrame(
        [[name, "2026-10", *figures] for name, figures in rows.items()], columns=["segment", "period", *NAMES]
    )


def cells(html):
    """The texts of the cells of a table's body."""
    body = html[html.index("<tbody") : html.index("</table>")]
    return [found[1] for found in re.finditer(r"<t[hd][^>]*>(.*?)</t[hd]>", body)]


def file_in(html):
    """Name and rows of the CSV file that a table offers."""
    (name, address), *more = re.findall(
        r'<a download="([^"]*)" href="data:text/csv;charset=utf-8,([^"]*)"', html
    )
    assert not more
    return name, list(csv.reader(io.StringIO(unquote(unescape(address)))))


def final(k, n):
    return [k / n, k, n, n, k / n - 0.1, k / n + 0.1, "final", None]


def test_beside_puts_metrics_in_columns_and_the_whole_last():
    gross, net = result(a=final(40, 50), b=final(30, 40)), result(a=final(55, 50))
    html = tables.beside(
        {"GRR": gross, "NRR": net}, "segment", "Retention", total={"GRR": result(all=final(70, 90))}
    ).html()
    body = html[html.index("<tbody") :]
    assert [part.split("<")[0] for part in body.split('role="rowheader">')[1:]] == ["a", "b", "all"]
    assert "<b>80.0\N{NO-BREAK SPACE}%</b><small>70.0 to 90.0, n 50</small>" in body
    assert body.count("no rows") == 2  # NRR of b, and of the whole: nothing is filled in


def test_money_ratios_over_few_accounts_are_marked():
    few = tables.result(result(a=[1.4, 14, 10, 19, 0.9, 1.9, "final", None]), "NRR")
    enough = tables.result(result(a=[1.4, 14, 10, 20, 0.9, 1.9, "final", None]), "NRR")
    assert '<span class="st">few</span>' in few.html()
    assert "few" not in enough.html()


def test_names_from_data_are_text():
    html = tables.beside({"x": result(**{"<b>$\\frac$</b>": final(1, 2)})}, "segment", "c").html()
    assert "&lt;b&gt;$\\frac$&lt;/b&gt;" in html


def test_an_empty_frame_says_so():
    assert str(tables.result(result(), "Rates")) == "Rates: no rows to show."
    assert str(tables.rows(pd.DataFrame(), "Loss")) == "Loss: no rows to show."
    assert tables.beside({"x": result()}, "segment", "c").html() == '<p class="s">c: no rows to show.</p>'


def test_rows_set_counts_right_and_leave_null_empty():
    frame = pd.DataFrame({"table": ["a", None], "rows": [12345, 7], "share": [0.125, None]})
    html = tables.rows(frame, "Loss account").html()
    assert cells(html)[:4] == ["a", "12,345", "0.125", ""]
    assert cells(html)[4:6] == ["7", ""]
    assert html.count('class="r"') == 6  # two heads, four cells


def test_a_notebook_gets_text_html_and_the_form_for_a_page():
    bundle = tables.rows(pd.DataFrame({"a": [1]}), "c")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", formats.PAGE_MIME}
    assert bundle["text/html"] == bundle[formats.PAGE_MIME]


def test_definitions_leave_out_what_is_not_known():
    frame = pd.DataFrame(
        [
            {
                "metric": "Win rate",
                "id": "win_rate",
                "unit": "share",
                "definition": "Share won of <closed>.",
                "standard": "won over closed",
                "departs": None,
                "owner": "VP Sales",
                "target": 0.3,
                "changes": "2026-02-01: derailed deals count.",
            }
        ]
    )
    table = tables.definitions(frame)
    assert str(table) == (
        "Win rate: Share won of <closed>. The usual way: won over closed. Owner: VP Sales. Target: 30 %. "
        "Changed: 2026-02-01: derailed deals count."
    )
    assert "&lt;closed&gt;" in table.html()
    assert "Ours" not in table.html()


def undefined(reason):
    return result(x=[*[None] * 6, "undefined", reason]).assign(segment=None)


def test_what_is_undefined_as_a_whole_says_why_in_place_of_rows():
    assert (
        str(tables.result(undefined("needs table crm"), "Win rate"))
        == "Win rate: undefined: needs table crm."
    )
    table = tables.beside(
        {"GRR": undefined("no column segment")}, "segment", "c", total={"GRR": result(all=final(7, 9))}
    )
    assert [line.split("  ")[0] for line in str(table).splitlines()] == ["segment", "by segment", "all"]


OCTOBER = Period.parse("2026-10")


def account(*steps):
    return pd.DataFrame(steps, columns=["table", "step", "rows", "detail"])


def test_the_loss_account_is_a_sentence_over_one_row_a_table():
    table = tables.loss(
        account(
            ("opportunities", "read", 20, "crm.csv"),
            ("opportunities", "duplicate", 2, "exact copies"),
            ("opportunities", "undated", 1, None),
            ("opportunities", "used", 18, ""),
            ("opportunities", "newest", 0, "2026-10-31"),
            ("events", "read", 1200, "e.csv"),
            ("events", "unused columns", 0, "utm"),
            ("events", "internal", 7, "rows of internal accounts"),
            ("events", "duplicate", 9, "exact copies"),
            ("events", "used", 1184, ""),
            ("events", "newest", 0, "2026-10-30"),
            ("targets", "newest", 0, "no date"),
        ),
        OCTOBER,
    )
    html = table.html()
    # read 20 + 1,200; used 18 + 1,184; duplicates 2 + 9
    sentence = (
        "1,220 rows read from 3 tables, 1,202 used. Set aside: 11 duplicate, 7 of internal accounts. "
        "Kept, and named below: 1 without a date. The newest date is 2026-10-31, "
        "but 2026-10-30 in events."
    )
    assert html.startswith(f"<p>{sentence}</p><details>")
    assert str(table).startswith(f"{sentence}\n")
    body = html[html.index("<tbody") : html.index("</table>")]
    assert body.count("<tr") == 3
    assert cells(html)[1:5] == ["20", "18", "2 duplicate (exact copies)", "1 undated"]
    assert "utm" not in body  # a column nobody maps is no row


def test_a_clean_loss_account_says_that_nothing_was_set_aside():
    clean = account(
        ("accounts", "read", 1, ""), ("accounts", "used", 1, ""), ("accounts", "newest", 0, "no date")
    )
    assert str(tables.loss(clean, OCTOBER)).splitlines()[0] == (
        "1 rows read from 1 table, 1 used. Set aside: none. No table has a date."
    )


def test_accounts_that_were_derived_are_said_to_be():
    derived = account(("accounts", "derived", 5, "accounts from the other tables: 5 by first event"))
    assert "Accounts from the other tables: 5 by first event. " in str(tables.loss(derived, OCTOBER))


def test_a_loss_account_whose_tables_all_end_early_says_so():
    late = account(
        ("accounts", "newest", 0, "2026-10-12"),
        ("events", "newest", 0, "2026-10-15"),
        ("leads", "newest", 0, "2026-10-15"),
    )
    said = "The newest date is 2026-10-15, before the end of 2026-10, but 2026-10-12 in accounts."
    assert said in str(tables.loss(late, OCTOBER))
    assert "The newest date is 2026-10-15.\n" in str(tables.loss(late, Period.parse("2026-09")))


def test_a_table_offers_its_figures_as_a_file():
    name, rows = file_in(tables.result(result(a=final(40, 50)), "Kept, by <segment>").html())
    assert name == "kept_by_segment.csv"
    assert rows[0] == ["\ufeffsegment", "period", *NAMES]
    assert rows[1] == ["a", "2026-10", "0.8", "40", "50", "50", "0.7", "0.9", "final", ""]


def test_metrics_side_by_side_are_one_file_that_names_them():
    html = tables.beside(
        {"GRR": result(a=final(40, 50)), "NRR": result(a=final(55, 50))},
        "segment",
        "c",
        total={"NRR": result(x=final(70, 90)).drop(columns="segment")},
    ).html()
    _, rows = file_in(html)
    assert [row[:4] for row in rows[1:]] == [
        ["GRR", "a", "2026-10", "0.8"],
        ["NRR", "a", "2026-10", "1.1"],
        ["NRR", "all", "2026-10", "0.777777777778"],
    ]


def test_the_loss_account_and_any_small_frame_are_files_too():
    loss = tables.loss(account(("events", "read", 7, "e.csv"), ("events", "used", 7, "")), OCTOBER)
    assert file_in(loss.html())[1][1] == ["events", "read", "7", "e.csv"]
    assert file_in(tables.rows(pd.DataFrame({"a": ["=x"], "b": [None]}), "c").html())[1][1] == ["'=x", ""]


COACHED = Trust("check", (standing("sales_coaching", Process(status="partial")),))


def answered(frame, trust):
    return display.answer(
        frame, metric="win_rate", title="", unit="share", currency="", trust=lambda rows: {"": trust}
    )


def test_the_trust_of_an_answer_stands_under_the_table_unless_it_is_sound():
    frame = result(a=final(7, 9))
    table = tables.result(answered(frame, COACHED), "Won")
    below = '</table></div><details class="trust"><summary>Trust: <span class="st">check</span> Sales'
    assert below in table.html()  # a table may hold nothing that opens
    assert str(table).splitlines()[-1] == "Trust: check: Sales coaching"
    assert tables.result(answered(frame, Trust("sound")), "Won").html() == tables.result(frame, "Won").html()


def test_side_by_side_those_that_are_not_sound_are_named():
    frame = result(a=final(7, 9))
    frames = {"won": answered(frame, COACHED), "kept": answered(frame, Trust("sound")), "plain": frame}
    table = tables.beside(frames, "segment", "c")
    assert str(table).splitlines()[-1] == "Trust: check: won (Sales coaching)"
    assert table.html().count('class="trust"') == 1


def test_definitions_end_with_trust():
    known = {"metric": "Win rate", "id": "win_rate", "unit": "share", "definition": "Share won."}
    table = tables.definitions(pd.DataFrame([{**known, "trust": str(COACHED)}]))
    assert str(table) == "Win rate: Share won. Trust: check: Sales coaching."


def test_a_table_stands_under_what_it_says_as_one_thing():
    table = tables.rows(pd.DataFrame({"a": ["<b>x"]}), "c")
    said = SoWhat((Sentence("act", "<i>Mend</i> it."), Sentence("no action", "Leave it.")))
    both = tables.under(said, table)
    assert str(both) == f"[act] <i>Mend</i> it.\n[no action] Leave it.\n\n{table}"
    html = both.html()
    assert html == said.html() + table.html()
    assert "&lt;i&gt;Mend&lt;/i&gt; it." in html
    assert html.index("Leave it.") < html.index("<table")
    assert file_in(html)[1][1] == ["<b>x"]  # its file once, and last


def test_what_is_said_stands_over_a_table_that_is_not_there_too():
    both = tables.under(SoWhat((Sentence("not yet", "Wait."),)), tables.nothing("c", "no rows <to> show"))
    assert str(both) == "[not yet] Wait.\n\nc: no rows <to> show."
    assert both.html().endswith('<p class="s">c: no rows &lt;to&gt; show.</p>')
    twice = tables.under(SoWhat((Sentence("act", "First."),)), both)
    assert str(twice).split("\n\n") == ["[act] First.", "[not yet] Wait.", "c: no rows <to> show."]
