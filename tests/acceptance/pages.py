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


def width_of(path: str) -> float:
    """How wide a rectangle drawn as a path is: M x y L x y L x y L x y z."""
    numbers = [float(n) for n in path.replace("M", " ").replace("L", " ").replace("z", " ").split()]
    return max(numbers[::2]) - min(numbers[::2])
