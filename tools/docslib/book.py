"""The book: one HTML file without scripts or other files. Each folder's README is a chapter, its calls follow it."""

import html
import os
import re

import markdown

from .checks import CALL_NAME
from .pages import CHAPTERS, page_paths, read_page

TITLE = "Quire: the system calls"
EXTENSIONS = ("tables", "fenced_code", "sane_lists")

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c1c1c; --dim: #5c5c5c; --line: #d5d5d5; --code: #f4f3f0;
	--link: #0b57a4; }
@media (prefers-color-scheme: dark) {
	:root { --back: #17181a; --text: #e4e2de; --dim: #a3a19c; --line: #3a3b3e; --code: #222326; --link: #8ab8ee; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 52rem; padding: 1rem; background: var(--back); color: var(--text);
	font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .15em; }
h1, h2, h3, h4, h5 { line-height: 1.25; margin: 1.6em 0 .5em; }
h2 { border-top: 3px solid var(--line); padding-top: 1.2em; margin-top: 3em; }
article > h3 { border-top: 1px solid var(--line); padding-top: 1em; margin-top: 2.5em; font-size: 1.25rem; }
h4 { font-size: 1rem; }
.summary { color: var(--dim); font-weight: normal; }
code, pre { font: .875em/1.45 ui-monospace, monospace; background: var(--code); }
code { padding: .1em .25em; border-radius: 3px; }
pre { padding: .75em 1em; overflow-x: auto; border-radius: 4px; tab-size: 8; }
pre code { padding: 0; font-size: 1em; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .5em 0; }
th, td { text-align: left; vertical-align: top; padding: .3em .8em .3em 0; border-bottom: 1px solid var(--line);
	min-width: 4em; }
th { color: var(--dim); font-weight: 600; }
.order table { counter-reset: row; }
.order td:first-child { white-space: nowrap; font: .875em/1.7 ui-monospace, monospace; }
.order tbody tr::before { counter-increment: row; content: counter(row); display: table-cell; color: var(--dim);
	padding: .3em .6em .3em 0; border-bottom: 1px solid var(--line); }
.order thead tr::before { content: ""; display: table-cell; border-bottom: 1px solid var(--line); }
nav ul { list-style: none; padding-left: 1em; margin: .3em 0; columns: 18rem; }
nav summary { cursor: pointer; }
.up { float: right; font-size: .875rem; font-weight: normal; }
@media (max-width: 40rem) {
	body { padding: .75rem; }
	.order table, .order tbody, .order tr, .order td { display: block; }
	.order thead { display: none; }
	.order td { border: 0; padding: 0; }
	.order td:last-child { padding: 0 0 .7em 1.6em; }
	.order td:first-child { display: inline; white-space: normal; }
	.order tbody tr::before { display: inline; border: 0; } }
@media print {
	:root { --back: #fff; --text: #000; --dim: #333; --line: #999; --code: #f4f4f4; --link: #000; }
	body { max-width: none; padding: 0; font-size: 10pt; }
	.up { display: none; }
	h2 { break-before: page; border: 0; margin-top: 0; }
	h3, h4 { break-after: avoid; }
	pre { white-space: pre-wrap; break-inside: avoid; }
	tr { break-inside: avoid; }
	a { text-decoration: none; } }
"""

PREFACE = """
<p>One page per system call, in the chapter of the folder that the call is about. A program calls it through
<code>ntdll.dll</code>, under the name that stands here or with <code>Zw</code> in place of <code>Nt</code>.</p>
<p><b>Parameters</b> says of each argument whether it is read (in) or written (out), and its unit. Output is written when the
call succeeds; a call that fails has changed nothing, unless its page says so. <b>Statuses</b> stand in the order in which they are
checked: if two of them apply, the upper one is returned. Each <b>Example</b> is a whole program, which the tests
compile and run; it returns 0 when what it shows held.</p>
"""


def make_book(root):
    pages = [read_page(path) for path in page_paths(root)]
    by_folder = {folder: [page for page in pages if page.path.parent.parent == root / folder] for folder in CHAPTERS}
    anchors = {page.path: page.name for page in pages}
    anchors.update({root / folder / "README.md": _chapter_anchor(folder) for folder in CHAPTERS})
    parts = [_head(), _contents(root, by_folder)]
    for folder, members in by_folder.items():
        parts.append(_chapter(root, folder, anchors))
        parts += [_article(page, anchors) for page in members]
    parts.append("</main>\n</body>\n</html>\n")
    return "\n".join(parts)


def _head():
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{TITLE}</title>\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style>\n</head>\n<body>')


def _contents(root, by_folder):
    lines = [f'<header><h1 id="top">{TITLE}</h1>{PREFACE}</header>', "<nav>"]
    for folder, members in by_folder.items():
        link = f'<a href="#{_chapter_anchor(folder)}">{html.escape(_chapter_title(root, folder))}</a>'
        if not members:
            lines.append(f"<p>{link}</p>")
            continue
        lines.append(f"<details open><summary>{link}</summary><ul>")
        lines += [f'<li><a href="#{page.name}">{page.name}</a></li>' for page in members]
        lines.append("</ul></details>")
    return "\n".join(lines + ["</nav>", "<main>"])


def _chapter_anchor(folder):
    return "chapter-" + folder.replace("/", "-")


def _readme(root, folder):
    return (root / folder / "README.md").read_text(encoding="utf-8")


def _chapter_title(root, folder):
    return _readme(root, folder).splitlines()[0].lstrip("# ")


def _chapter(root, folder, anchors):
    title, _, text = _readme(root, folder).partition("\n")
    heading = _inline(title.lstrip("# "))
    body = _body(text, 1, root / folder, anchors, None)
    return f'<section>\n<h2 id="{_chapter_anchor(folder)}">{heading} {_up()}</h2>\n{body}\n</section>'


def _article(page, anchors):
    parts = [f'<article>\n<h3 id="{page.name}">{page.name} <span class="summary">{_inline(page.summary)}</span> {_up()}</h3>']
    for section in page.sections:
        body = _body(section.text, 2, page.path.parent, anchors, page.name)
        kind = ' class="order"' if section.title == "Statuses" else ""
        parts.append(f"<h4>{section.title}</h4>\n<div{kind}>{body}</div>")
    return "\n".join(parts + ["</article>"])


def _up():
    return '<a class="up" href="#top">contents</a>'


def _inline(text):
    return re.sub(r"^<p>|</p>$", "", markdown.markdown(text, extensions=EXTENSIONS))


def _body(text, deeper, folder, anchors, own_name):
    """A text as HTML: headings so many levels deeper, links to other texts of the book turned into anchors."""
    # Python-Markdown wants an empty line before a table, a list or a fence; the pages need not have one.
    text = re.sub(r"(?m)^(?!\||```)(.+)\n(?=\||```)", r"\1\n\n", text) if "```" not in text else text
    result = markdown.markdown(text, extensions=EXTENSIONS)
    result = re.sub(r"<(/?)h([1-6])>", lambda tag: f"<{tag[1]}h{min(6, int(tag[2]) + deeper)}>", result)
    result = result.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    result = re.sub(r'<a href="([^"]*)">(.*?)</a>', lambda link: _link(link, folder, anchors), result)
    return _link_calls(result, set(anchors.values()), own_name)


def _link(link, folder, anchors):
    target = os.path.normpath(folder / html.unescape(link[1]).partition("#")[0])
    anchor = next((anchor for path, anchor in anchors.items() if str(path) == target), None)
    return f'<a href="#{anchor}">{link[2]}</a>' if anchor else link[2]


def _link_calls(text, names, own_name):
    """Names of calls outside programs and links become links."""
    parts, verbatim = [], 0
    for part in re.split(r"(<[^>]*>)", text):
        if part.startswith("<"):
            if re.match(r"</?(a|pre|h\d)\b", part):
                verbatim += -1 if part.startswith("</") else 1
        elif not verbatim:
            part = CALL_NAME.sub(lambda name: f'<a href="#{name[0]}">{name[0]}</a>'
                                 if name[0] in names and name[0] != own_name else name[0], part)
        parts.append(part)
    return "".join(parts)
