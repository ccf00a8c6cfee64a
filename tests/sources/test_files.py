"""Files as text: every dialect fault is named by its line, and no cell changes in silence."""

import gzip

import pytest

EVENTS = '[tables.events]\npath = "events.csv"\n'
HEADER = "occurred_at,event,account_id\n"


def test_cells_survive_as_they_are_written(acme):
    text = HEADER + "2026-01-01,NA,007\n2026-01-01,null,9007199254740993\n2026-01-01, None ,1.23E+15\n"
    store = acme.read(EVENTS, events=text)
    assert store.rows("SELECT event, account_id FROM {events} ORDER BY line") == [
        ("NA", "007"),
        ("null", "9007199254740993"),
        (" None ", "1.23E+15"),
    ]


@pytest.mark.parametrize(
    ("encoding", "bom", "end", "packed"),
    [
        ("utf-8", b"", "\n", False),
        ("utf-8", b"\xef\xbb\xbf", "\r\n", False),
        ("utf-8", b"\xef\xbb\xbf", "\n", True),
        ("cp1252", b"", "\r\n", False),
        ("utf-16", b"", "\n", False),
        ("utf-8", b"", "\r", False),
    ],
)
def test_encodings_and_line_ends_read_alike(acme, encoding, bom, end, packed):
    # The line of each record, counted by hand: the quoted newline of the first moves the second to line 4.
    text = 'occurred_at,event,account_id\n2026-01-01,"caf\u00e9\nau lait",A\n2026-01-02,tea,B\n'.replace(
        "\n", end
    )
    data = bom + text.encode(encoding)
    settings = EVENTS + f'encoding = "{encoding}"\n'
    if packed:
        settings, data = settings.replace("events.csv", "events.csv.gz"), gzip.compress(data)
        acme.folder.mkdir()
        (acme.folder / "events.csv.gz").write_bytes(data)
    store = acme.read(settings, events=data)
    assert store.rows("SELECT event, account_id, line FROM {events} ORDER BY line") == [
        (f"caf\u00e9{end}au lait", "A", 2),
        ("tea", "B", 4),
    ]


def test_lines_stay_right_after_quoted_newlines_and_blank_lines(acme):
    # line 1 header; A on 2-4; 5 blank; B on 6; C (bad date) on 7-8; D (bad date) on 9
    text = HEADER + '2026-01-01,"x\n\ny",A\n\n2026-01-01,x,B\n2026-13-01,"x\ny",C\n2026-02-30,x,D\n'
    said = acme.refused(EVENTS, events=text)
    assert "    events.csv, line 7: '2026-13-01'\n    events.csv, line 9: '2026-02-30'\n" in said


def test_an_unclosed_quote_says_where_it_opens_and_what_it_swallows(acme):
    text = HEADER + '2026-01-01,"a\nb",A\n2026-01-02,"tea,B\n2026-01-03,x,C\n2026-01-04,y,D\n'
    assert acme.refused(EVENTS, events=text) == (
        "events.csv: a quote opens on line 4 and is never closed; it swallows the 2 lines after it. "
        "Close it, or double the quotes inside the cell."
    )


def test_a_quote_closed_by_the_next_one_says_where_it_opens(acme):
    text = HEADER + '2026-01-02,"tea,B\n2026-01-03,x,C\n2026-01-04,"y",D\n'
    assert acme.refused(EVENTS, events=text) == (
        "events.csv: a quote opens on line 2, swallows 2 lines and closes on line 4 in the middle of a cell. "
        "Close it, or double the quotes inside the cell."
    )


def test_torn_rows_are_named_with_what_was_expected(acme):
    text = HEADER + '2026-01-01,"x\ny",A\n2026-01-02,x\n2026-01-03,x,C,more\n2026-99-01,x,D\n'
    assert acme.refused(EVENTS, events=text) == (
        "events: 3 of 4 rows break its contract; all are in HOME/rejects/events.csv.\n"
        "  a row must have, like the header, 3 values: 2 rows.\n"
        "    events.csv, line 4: 2 values\n"
        "    events.csv, line 5: 4 values\n"
        "  events.occurred_at must be a time written YYYY-MM-DD or YYYY-MM-DD hh:mm:ss, from 1900 on: "
        "1 row.\n"
        "    events.csv, line 6: '2026-99-01'\n"
        "Correct the export, or set max_rejected in [tables.events] to the share of rows to set aside."
    )


def test_torn_rows_can_be_set_aside(acme):
    text = HEADER + '2026-01-01,"x\ny",A\n2026-01-02,x\n2026-01-03,"z ""q""",C\n'
    store = acme.read(EVENTS + "max_rejected = 0.5\n", events=text)
    assert store.rows("SELECT event, line FROM {events} ORDER BY line") == [("x\ny", 2), ('z "q"', 5)]
    assert store.loss["events", "rejected"] == (1, "rejects/events.csv")
    assert store.loss["events", "read"][0] == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "events.csv: it is empty. Export it again, with its header."),
        (
            b"occurred_at,event,account_id\n",
            "events.csv: no rows, only the header. Export events again, or remove [tables.events].",
        ),
        (
            b"\nx\n",
            "events.csv: line 1 is empty, where the header should be. Remove what stands before the header.",
        ),
        (
            b"occurred_at,event,account_id\n2026-01-01,caf\xe9,A\n",
            "events.csv: line 2, byte 43 is not utf-8. "
            'Say how the file is encoded: encoding = "cp1252" and "utf-16" are usual.',
        ),
        (
            "occurred_at,event\n".encode("utf-16-le"),
            "events.csv: line 1 holds a NUL byte, so it is no text in utf-8. "
            'Say how the file is encoded: encoding = "utf-16" is usual then.',
        ),
    ],
)
def test_files_that_are_no_tables(acme, content, said):
    assert acme.refused(EVENTS, events=content) == said


def test_a_broken_archive(acme):
    acme.folder.mkdir()
    (acme.folder / "events.csv.gz").write_bytes(gzip.compress(HEADER.encode() * 1000)[:-9])
    said = acme.refused(EVENTS.replace("events.csv", "events.csv.gz"))
    assert said.startswith("events.csv.gz: it is no whole gzip file (")


def test_one_column_and_other_delimiters_and_quotes(acme):
    settings = '[tables.owners]\npath = "owners.csv"\ndelimiter = ";"\nquote = "\'"\n'
    store = acme.read(settings, owners="owner;team\n'Ann; \"A\"';x\n'O''Hara';y\n")
    assert store.rows("SELECT owner FROM {owners} ORDER BY line") == [('Ann; "A"',), ("O'Hara",)]
    alone = acme.read('[tables.owners]\npath = "owners.csv"\n', owners="owner\nAnn\nBob\n")
    assert alone.rows("SELECT owner, line FROM {owners} ORDER BY line") == [("Ann", 2), ("Bob", 3)]


def test_no_header(acme):
    settings = EVENTS + 'header = false\ncolumns = { occurred_at = "2", event = "1", account_id = "3" }\n'
    store = acme.read(settings, events="x,2026-01-01,A\ny,2026-01-02,B\n")
    assert store.rows("SELECT event, line FROM {events} ORDER BY line") == [("x", 1), ("y", 2)]


def test_paths_and_headers_with_quotes_and_patterns(acme):
    (acme.folder / "it's [1] *").mkdir(parents=True)
    file = acme.folder / "it's [1] *" / 'a "b".csv'
    file.write_text('"Id""; --",x\nAnn,1\n', encoding="utf-8")
    settings = "[tables.owners]\npath = '''it's [1] */a \"b\".csv'''\ncolumns.owner = 'Id\"; --'\n"
    assert acme.read(settings).rows("SELECT owner FROM {owners}") == [("Ann",)]


def test_split_files_are_one_table_and_keep_their_own_lines(acme):
    acme.folder.mkdir()
    (acme.folder / "e_1.csv").write_text(HEADER + "2026-01-01,x,A\n", encoding="utf-8")
    (acme.folder / "e_2.csv").write_text(
        'event,occurred_at,account_id\n"y\ny",2026-01-02,B\nz,2026-01-03,C\n', encoding="utf-8"
    )
    store = acme.read('[tables.events]\npath = "e_*.csv"\n')
    assert store.rows("SELECT event, file, line FROM {events} ORDER BY event") == [
        ("x", "e_1.csv", 2),
        ("y\ny", "e_2.csv", 2),
        ("z", "e_2.csv", 4),
    ]
