"""What a text in a search may stand for."""

from __future__ import annotations

import pytest

from command_api.store.bookings import Terms, terms_of
from command_api.store.rows import name_key


@pytest.mark.parametrize(
    ("q", "terms"),
    [
        ("Smith", Terms("SMITH", (), ("w:smith",))),
        ("jo  SMITH jo", Terms("JOSMITHJO", (), ("w:jo", "w:smith"))),
        ("abcd-2345", Terms("ABCD2345", (), ("w:abcd", "w:2345"))),
        ("0123", Terms("0123", ("p:3210",), ("w:0123",))),
        ("+44 (0)12", Terms(None, ("p:21044",), ("w:44", "w:0", "w:12"))),
        ("12", Terms(None, (), ("w:12",))),
        ("Jo@Example", Terms(None, ("e:jo@example",), ())),
        ("%_'\"\\", Terms(None, (), ())),
        ("Ünal", Terms(None, (), ("w:unal",))),
        ("١٢٣", Terms(None, (), ("w:١٢٣",))),
    ],
)
def test_a_text_is_tried_as_all_that_it_may_be(q: str, terms: Terms) -> None:
    assert terms_of(q) == terms


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("  Jo   DOE ", "jo doe"),
        ("José", "jose"),
        ("O’Brien-Smith", "o brien smith"),
        ("a\0b\nc", "a b c"),
        ("Weiß", "weiss"),
        ("李 小龍", "李 小龍"),
        ("!?", ""),
    ],
)
def test_names_are_the_same_but_for_case_accents_and_punctuation(name: str, key: str) -> None:
    assert name_key(name) == key
