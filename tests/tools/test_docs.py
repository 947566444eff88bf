"""The manual pages: that they are complete, that the checker sees mistakes, and that the book holds them."""

import html.parser
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from fixtures import ROOT

from docslib import checks, examples
from docslib.pages import CHAPTERS, page_paths, read_calls

MAKE_DOCS = ROOT / "tools" / "make_docs"
PAGE = """# NtClose - closes a handle

## Synopsis

```c
NTSTATUS NTAPI NtClose(HANDLE handle);
```

## Parameters

| name | in/out | unit | meaning |
|---|---|---|---|
| handle | in | - | what to close |

## Statuses

| status | when |
|---|---|
| STATUS_INVALID_HANDLE | it is none |
| STATUS_SUCCESS | it is closed |

## Description

Text, and [the headers](../README.md).

## Example

```c
int program_main(int argc, char **argv)
{
\treturn NtClose(NULL) == STATUS_INVALID_HANDLE ? 0 : 1;
}
```

## See also

NtOpen
"""


class PagesTest(unittest.TestCase):
    def test_pages_are_complete(self):
        self.assertEqual(checks.problems(), [])


class CheckerTest(unittest.TestCase):
    """A small tree with one page, right at first; then one mistake at a time."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("kernel/include/nt/syscalls.def", 'SYSCALL(NtClose, 1, "h:")\nSYSCALL(NtOpen, 1, "h:")\n')
        self.write("kernel/include/nt/ntstatus.h", "#define STATUS_SUCCESS 0\n#define STATUS_INVALID_HANDLE 1\n")
        for chapter in CHAPTERS:
            self.write(f"{chapter}/README.md", "# A folder\n")
        self.write("kernel/io/man/NtOpen.md", PAGE.replace("NtOpen", "NtX").replace("NtClose", "NtOpen").replace("NtX", "NtClose"))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def problems(self, page=PAGE, name="kernel/object/man/NtClose.md"):
        self.write(name, page)
        return checks.problems(self.root)

    def test_good_page(self):
        self.assertEqual(self.problems(), [])

    def test_mistakes(self):
        for old, new, words in (
                ("# NtClose - closes a handle", "NtClose", "expected '# Call"),
                ("# NtClose -", "# NtOpen -", "title says NtOpen"),
                ("closes a handle\n", "closes a handle.\n", "full stop"),
                ("## Statuses", "## Errors", "expected the sections"),
                ("Text, and [the headers](../README.md).", "", "Description is empty"),
                ("HANDLE handle)", "HANDLE handle, ULONG flags)", "2 parameters, but syscalls.def says 1"),
                ("| handle | in | - |", "| h | in | - |", "expected rows for handle"),
                ("| handle | in | - |", "| handle | to | - |", "in/out is one of"),
                ("| handle | in | - |", "| handle | in |  |", "'-' for no unit"),
                ("| STATUS_INVALID_HANDLE |", "| STATUS_BAD_HANDLE |", "STATUS_BAD_HANDLE is not in"),
                ("| STATUS_INVALID_HANDLE |", "| 0 or less |", "expected one status"),
                ("Text,", "STATUS_ODD,", "STATUS_ODD is not in"),
                ("Text,", "NtOdd,", "NtOdd is no call"),
                ("../README.md", "../READ.md", "no such file"),
                ("../README.md", "https://example.org/", "out of the repository"),
                ("```c\nint", "```\nint", "expected one ```c block, the program"),
                ("int program_main(int argc, char **argv)", "int main(void)", "no int program_main"),
                ("NtClose(NULL) ==", "NtOpen(NULL) ==", "does not call NtClose"),
                ("\treturn", "\t" * 12 + "return", "columns"),
                ("\treturn", "  return", "spaces"),
                ("NtOpen\n", "nothing\n", "names no call")):
            with self.subTest(new=new):
                self.assertIn(old, PAGE)
                found = self.problems(PAGE.replace(old, new, 1))
                self.assertTrue(any(words in line for line in found), found)

    def test_missing(self):
        (self.root / "kernel/io/man/NtOpen.md").unlink()
        self.assertIn("NtOpen: no manual page", self.problems()[0])

    def test_two_pages_for_one_call(self):
        self.write("kernel/mm/man/NtClose.md", PAGE)
        self.assertTrue(any("has another page" in line for line in self.problems()))

    def test_folder_that_is_no_chapter(self):
        self.write("kernel/odd/README.md", "# Odd\n")
        found = self.problems(name="kernel/odd/man/NtClose.md")
        self.assertTrue(any("kernel/odd is no chapter" in line for line in found), found)

    def test_examples(self):
        self.problems(PAGE.replace("## Example\n", "## Example\n\n<!-- wine: no, it \"hangs\" -->\n"))
        self.assertIn('EXAMPLE(NtClose, "it \\"hangs\\"")', examples.example_list(self.root))
        path = self.root / "kernel/object/man/NtClose.md"
        first, text = examples.example_source(path).split("\n", 1)
        number = int(re.match(r"#line (\d+) ", first).group(1))
        self.assertEqual(path.read_text().splitlines()[number - 1:number + 3], text.splitlines())


class Reader(html.parser.HTMLParser):
    """Anchors, links, and tags that are not closed in order."""

    EMPTY = {"meta", "br", "hr", "img", "link"}

    def __init__(self):
        super().__init__()
        self.anchors, self.links, self.open, self.odd, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.odd.append((tag, self.getpos()))

    def handle_data(self, data):
        self.text.append(data)


class BookTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "quire.html"
            done = subprocess.run([sys.executable, str(MAKE_DOCS), "book", str(target)], capture_output=True, text=True,
                                  check=False)
            if done.returncode and "python3-markdown is missing" in done.stderr:
                raise unittest.SkipTest("python3-markdown is not installed")
            if done.returncode:
                raise AssertionError(done.stderr)
            cls.text = target.read_text(encoding="utf-8")
        cls.book = Reader()
        cls.book.feed(cls.text)

    def test_tags_are_closed(self):
        self.assertEqual((self.book.odd, self.book.open), ([], []))

    def test_every_page_is_an_anchor(self):
        names = [path.stem for path in page_paths()]
        self.assertEqual([name for name in names if self.book.anchors.count(name) != 1], [])
        self.assertLessEqual(set(names), set(read_calls()))

    def test_links_resolve(self):
        self.assertTrue(self.book.links)
        self.assertEqual([link for link in self.book.links if link.lstrip("#") not in self.book.anchors
                          or not link.startswith("#")], [])

    def test_calls_link_to_each_other(self):
        first, second = (path.stem for path in page_paths()[:2])
        self.assertGreater(self.book.links.count(f"#{first}") + self.book.links.count(f"#{second}"), 2)

    def test_nothing_from_elsewhere(self):
        self.assertIsNone(re.search(r"<(script|link|img|iframe)\b|url\(|@import", self.text))

    def test_tables_and_programs_are_turned(self):
        self.assertNotRegex("".join(self.book.text), r"(?m)^\s*\|[- |]+\|\s*$|^```")
