"""Tables: escaped, side by side, honest about what is not there."""

import pandas as pd

from gtmkit import formats, tables

NAMES = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]


def result(**rows):
    return pd.DataFrame(
        [[name, "2026-10", *figures] for name, figures in rows.items()], columns=["segment", "period", *NAMES]
    )


def final(k, n):
    return [k / n, k, n, n, k / n - 0.1, k / n + 0.1, "final", None]


def test_beside_puts_metrics_in_columns_and_the_whole_last():
    gross, net = result(a=final(40, 50), b=final(30, 40)), result(a=final(55, 50))
    html = tables.beside(
        {"GRR": gross, "NRR": net}, "segment", "Retention", total={"GRR": result(all=final(70, 90))}
    ).html()
    body = html[html.index("<tbody>") :]
    assert [part.split("<")[0] for part in body.split('<th scope="row">')[1:]] == ["a", "b", "all"]
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
    assert '<td class="r">12,345</td>' in html
    assert '<td class="r">0.125</td>' in html
    assert '<th scope="row"></th><td class="r">7</td><td class="r"></td>' in html


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
        "Win rate: Share won of <closed>. The usual way: won over closed. Owner: VP Sales. Target: 30.0 %. "
        "Changed: 2026-02-01: derailed deals count."
    )
    assert "&lt;closed&gt;" in table.html()
    assert "Ours" not in table.html()


def test_the_loss_account_has_one_row_a_table():
    steps = [
        ("opportunities", "read", 20, "crm.csv"),
        ("opportunities", "duplicate", 2, "exact copies"),
        ("opportunities", "undated", 1, None),
        ("opportunities", "used", 18, ""),
        ("opportunities", "newest", 0, "2026-10-31"),
        ("targets", "read", 1200, "t.csv"),
    ]
    html = tables.loss(pd.DataFrame(steps, columns=["table", "step", "rows", "detail"])).html()
    body = html[html.index("<tbody>") :]
    assert "<summary>18 of 1,220 rows used, from 2 tables: what was set aside</summary>" in html
    assert body.count("<tr>") == 2
    assert '<td class="r">20</td><td class="r">18</td><td>2 duplicate (exact copies); 1 undated</td>' in body
    assert '<td class="r">1,200</td><td class="r"></td><td>nothing</td><td></td>' in body
