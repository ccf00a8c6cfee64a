"""A published page as a parser sees it: tags, attributes, text, and each picture with the table it comes with."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr", "col"}


@dataclass
class Picture:
    """One figure: its title, the words for those who do not see it, what it draws, and its table's cells.

    `texts` and `shapes` are those of its first drawing, the wide one; a shape is (class, path).
    """

    title: str = ""
    spoken: str = ""
    texts: list[str] = field(default_factory=list)
    shapes: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    table: str = ""
    drawings: int = 0


class Page(HTMLParser):
    """A page read through once."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.pictures: list[Picture] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes += given.items()
        if tag == "figure":
            self.pictures.append(Picture())
        if tag not in VOID:
            self.open.append(tag)
        if "figure" not in self.open:
            return
        picture = self.pictures[-1]
        picture.drawings += tag == "svg"
        if tag == "path" and picture.drawings == 1:
            picture.shapes.append((given.get("class", ""), given.get("d", "")))
        if tag == "text" and picture.drawings == 1:
            picture.texts.append("")
        if tag == "th" and given.get("scope") == "row":
            picture.names.append("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if "figure" not in self.open:
            return
        picture = self.pictures[-1]
        if "figcaption" in self.open and "b" in self.open:
            picture.title += data
        elif "svg" in self.open:
            if self.open[-1] == "title" and picture.drawings == 1:
                picture.spoken += data
            elif "text" in self.open and picture.drawings == 1:
                picture.texts[-1] += data
        elif "table" in self.open:
            picture.table += data
            if "th" in self.open and "tbody" in self.open and picture.names:
                picture.names[-1] += data


@dataclass
class Table:
    """One table: its caption, and its rows as the words of their cells by the heads of their columns.

    A row's own head stands under "". Each drawing in a row is (its title, its paths) under that row's number.
    """

    caption: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)
    drawings: dict[int, list[tuple[str, list[str]]]] = field(default_factory=dict)

    def row(self, name: str) -> dict[str, str]:
        """The row whose head begins so."""
        (found,) = [row for row in self.rows if row.get("", "").startswith(name)]
        return found

    def drawing(self, name: str) -> tuple[str, list[str]]:
        """The drawing in it: what it is in words, and its paths."""
        return self.drawings[self.rows.index(self.row(name))][0]


class Tables(HTMLParser):
    """The tables of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self.open: list[str] = []
        self.cell = ""
        self.feed(text)
        self.close()

    def captioned(self, caption: str) -> Table:
        (found,) = [table for table in self.tables if table.caption.startswith(caption)]
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "table":
            self.tables.append(Table())
        if tag not in VOID:
            self.open.append(tag)
        if "tbody" not in self.open or tag == "tbody":
            return
        table = self.tables[-1]
        if tag == "tr":
            table.rows.append({})
        elif tag in ("th", "td"):
            self.cell = given.get("data-l", "")
            table.rows[-1].setdefault(self.cell, "")
        elif tag == "svg":
            table.drawings.setdefault(len(table.rows) - 1, []).append(("", []))
        elif tag == "path" and "svg" in self.open:
            table.drawings[len(table.rows) - 1][-1][1].append(given.get("d", ""))
        elif "svg" not in self.open and table.rows:
            table.rows[-1][self.cell] += " "

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "caption" in self.open and "table" in self.open:
            self.tables[-1].caption += data
        elif "svg" in self.open and "tbody" in self.open:
            drawings = self.tables[-1].drawings[len(self.tables[-1].rows) - 1]
            if self.open[-1] == "title":
                drawings[-1] = (drawings[-1][0] + data, drawings[-1][1])
        elif "tbody" in self.open and self.tables[-1].rows:
            self.tables[-1].rows[-1][self.cell] += data


def width_of(path: str) -> float:
    """How wide a rectangle drawn as a path is: M x y L x y L x y L x y z."""
    numbers = [float(n) for n in path.replace("M", " ").replace("L", " ").replace("z", " ").split()]
    return max(numbers[::2]) - min(numbers[::2])
