"""The programs of the pages, as sources for the test that runs them all (tests/guest/test_examples.c)."""

from .pages import PageError, page_paths, read_page


def example_source(path):
    """The program of one page. Its messages name the page."""
    page = read_page(path)
    block = page.example()
    if not block:
        raise PageError(f"{path}: expected one ```c block under '## Example'")
    return f'#line {block.line} "{path}"\n{block.text}'


def example_list(root):
    """One EXAMPLE(name, reason why not under Wine or NULL) per page."""
    lines = ["/* Made by tools/make_docs from the manual pages. */"]
    for path in page_paths(root):
        reason = read_page(path).without_wine()
        quoted = '"' + reason.replace("\\", "\\\\").replace('"', '\\"') + '"' if reason else "NULL"
        lines.append(f"EXAMPLE({path.stem}, {quoted})")
    return "\n".join(lines) + "\n"
