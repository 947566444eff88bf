"""Selecting tests by their ids: words joined by and, or, not and parentheses.

A word is a part of the id; the name of a group (unit, fuzz, guest, wine, conform, tools) is its first part.

An expression can be asked about one id (yes or no) and about ids of which only the beginning is known: then the answer
may be None, for "perhaps". That spares running programs none of whose tests can match.
"""

import re

from .common import UsageError

GROUPS = ("unit", "fuzz", "guest", "wine", "conform", "tools")

_TOKEN = re.compile(r"\(|\)|[^\s()]+")


class Expression:
    def __init__(self, text):
        self._text = text
        self._tokens = _TOKEN.findall(text)
        self._tree = self._or() if self._tokens else None
        if self._tokens:
            self._refuse(self._tokens[0])

    def _refuse(self, token):
        raise UsageError(f"-k {self._text!r}: {token!r} does not fit there; "
                         "write words with and, or, not and parentheses")

    # ---- the grammar: or < and < not; two words side by side mean and ----

    def _or(self):
        tree = self._and()
        while self._tokens[:1] == ["or"]:
            self._tokens.pop(0)
            tree = ("or", tree, self._and())
        return tree

    def _and(self):
        tree = self._not()
        while self._tokens and self._tokens[0] not in ("or", ")"):
            if self._tokens[0] == "and":
                self._tokens.pop(0)
            tree = ("and", tree, self._not())
        return tree

    def _not(self):
        token = self._tokens.pop(0) if self._tokens else "the end"
        if token == "not":
            return ("not", self._not())
        if token == "(":
            tree = self._or()
            if self._tokens[:1] != [")"]:
                self._refuse(self._tokens[0] if self._tokens else "the end")
            self._tokens.pop(0)
            return tree
        if token in (")", "and", "or", "the end"):
            self._refuse(token)
        return ("word", token)

    # ---- asking ----

    def matches(self, test_id):
        return self._tree is None or self._value(self._tree, lambda word: _word_in_id(word, test_id))

    def may_match(self, prefix):
        """False if no id that is `prefix` and one more part without a slash can match."""
        return self._tree is None or self._value(self._tree, lambda word: _word_in_prefix(word, prefix)) is not False

    def _value(self, tree, ask):
        kind = tree[0]
        if kind == "word":
            return ask(tree[1])
        values = [self._value(part, ask) for part in tree[1:]]
        if kind == "not":
            return None if values[0] is None else not values[0]
        if kind == "and":
            return False if False in values else None if None in values else True
        return True if True in values else None if None in values else False


def _word_in_id(word, test_id):
    return test_id.startswith(f"{word}/") if word in GROUPS else word in test_id


def _word_in_prefix(word, prefix):
    """Is the word in every id (True), in some (None) or in none (False) that begins with `prefix`?"""
    if word in GROUPS:
        return prefix.startswith(f"{word}/")
    if word in prefix:
        return True
    if "/" not in word:
        return None
    # The rest of the word, behind its last slash, may be in the unknown part: the slash must then end the prefix.
    head, _, _ = word.rpartition("/")
    return None if prefix.endswith(head + "/") else False
