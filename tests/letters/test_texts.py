"""What mails say: pure."""

from __future__ import annotations

import pytest

from workers.letters.texts import WORDINGS, Text, write

LINK = "https://disenopro.example/verify-email#token=a-b_c"


@pytest.mark.parametrize("what", Text)
@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_mail_has_both_bodies_in_both_languages(what: Text, locale: str) -> None:
    """Given a mail, then text and HTML say the same, with the link where there is one."""
    written = write(what, locale, name="Ana", link=LINK)
    wording = WORDINGS[what][locale]
    for body in (written.text, written.html):
        assert wording.before in body
        assert (LINK in body) == bool(wording.link)
        assert "Ana" in body
        assert "{" not in body
    assert written.subject == wording.subject
    assert f'lang="{locale}"' in written.html


def test_languages_differ_and_others_are_english() -> None:
    """By the first part of a locale."""
    for what in Text:
        english, spanish = write(what, "en-GB"), write(what, "es-MX")
        assert english != spanish
        assert write(what, "pt-PT") == english
    assert write(Text.RESET, "es").text.startswith("Hola:")
    assert write(Text.RESET, "de").text.startswith("Hello,")


def test_a_name_cannot_put_html_into_a_mail() -> None:
    """Given a name that is a link, then it is shown as text."""
    name = '<a href="https://evil.example">Click</a>'
    written = write(Text.RESET, "en", name=name, link=LINK + '"><script>')
    assert '<a href="https://evil' not in written.html
    assert "<script>" not in written.html
    assert "&lt;a href=" in written.html


def test_whoever_signs_up_cannot_have_a_mail_say_their_words() -> None:
    """The mails that go to addresses of others greet nobody by name, and have no place for one."""
    for what in (Text.VERIFY, Text.NEW_ADDRESS):
        assert "Hello,\n" in write(what, "en", link=LINK).text
