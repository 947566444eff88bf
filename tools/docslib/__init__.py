"""Parts of tools/make_docs: the manual pages read (pages), checked (checks), made into a book (book) and into test
programs (examples)."""
