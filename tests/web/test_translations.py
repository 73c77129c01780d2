"""The catalogues: each language says all that the pages, mails and texts say, and nothing else."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from prefcenter.core.channels import Channel
from prefcenter.resources import translations_dir
from prefcenter.services.rendering import render
from prefcenter.web.recipient.languages import DEFAULT, LANGUAGES
from tests.houses import EMAIL, House

ROOT = Path(__file__).parents[2]
TRANSLATED = sorted(set(LANGUAGES) - {DEFAULT})
PLACEHOLDER = re.compile(r"%\(\w+\)s|</?\w+>")


def catalogue(language: str) -> Catalog:
    with (translations_dir() / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """All that is said in English, as it stands in the templates and the code now."""
    found, old = tmp_path_factory.mktemp("extracted") / "messages.pot", Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        command = ["pybabel", "-q", "extract", "-F", "babel.cfg", "-k", "lazy_gettext", "-o", str(found), "."]
        CommandLineInterface().run(command)  # type: ignore[no-untyped-call]
    assert Path.cwd() == old
    with found.open("rb") as file:
        return read_po(file)


def forms(text: object) -> list[str]:
    return [str(each) for each in text] if isinstance(text, list | tuple) else [str(text)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_language_says_all_and_nothing_else(said: Catalog, language: str) -> None:
    """U2: no page falls back to English in the middle; `make translations` collects what is new."""
    wanted = {(message.context, *forms(message.id)) for message in said if message.id}
    has = {(message.context, *forms(message.id)) for message in catalogue(language) if message.id}
    assert (wanted - has, has - wanted) == (set(), set())


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated_with_its_placeholders(language: str) -> None:
    told = catalogue(language)
    for message in told:
        if not message.id:
            continue
        texts = forms(message.string)
        assert "fuzzy" not in message.flags
        assert len(texts) == (told.num_plurals if isinstance(message.id, tuple) else 1), message.id
        for text in texts:
            assert text.strip(), message.id
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(forms(message.id)[-1])), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    assert (translations_dir() / language / "LC_MESSAGES" / "messages.mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize("language", TRANSLATED)
def test_an_unsubscribe_page_speaks_the_language_that_was_asked_for(
    client: FlaskClient, house: House, language: str
) -> None:
    """U2: and so does the page that answers, and what the page leads to."""
    point = house.know((Channel.EMAIL, EMAIL))[0]
    path = house.path(point, "acme/offers")
    answer = client.get(f"{path}?lang={language}")
    assert f'<html lang="{language}" dir="ltr">' in answer.text
    assert answer.headers["Content-Language"] == language
    assert f'name="lang" value="{language}"' in answer.text
    assert f"?lang={language}" in answer.text
    assert "Stop these emails" not in answer.text
    done = client.post(path, data={"scope": "topic", "lang": language}).text
    assert f'<html lang="{language}"' in done
    assert "Done." not in done


def test_the_page_leads_to_itself_in_the_other_languages_and_stays_as_it_is(client: FlaskClient) -> None:
    page = client.get("/preferences", headers={"Accept-Language": "ja"}).text
    assert '<html lang="ja"' in page
    for language in set(LANGUAGES) - {"ja"}:
        assert f'href="/preferences?lang={language}" lang="{language}"' in page
    assert 'name="lang"' not in page


def test_the_language_on_file_goes_before_the_browsers(client: FlaskClient, house: House) -> None:
    """U2: a contact who is known to read Spanish gets Spanish, unless the person chose another one."""
    point = house.know((Channel.EMAIL, EMAIL))[0]
    with house.wiring.database.write() as session:
        session.connection().exec_driver_sql("UPDATE contacts SET language = 'es-MX'")
        session.commit()
    path = house.path(point, "acme/offers")
    assert '<html lang="es"' in client.get(path, headers={"Accept-Language": "ja"}).text
    assert '<html lang="en"' in client.get(f"{path}?lang=en", headers={"Accept-Language": "ja"}).text


@pytest.mark.parametrize("language", TRANSLATED)
def test_mails_of_ours_speak_it_too(language: str) -> None:
    values = {"link": "https://x.example/p/1", "name": "Acme", "postal_address": ""}
    english = render("email/preference-link.txt", **values)
    translated = render("email/preference-link.txt", **values, language=language)
    assert "Hello" in english
    assert "Hello" not in translated
    assert values["link"] in translated
    assert render("email/preference-link.txt", **values, language="tlh") == english
