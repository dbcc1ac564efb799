"""The boundary's picture says what the registry says, to those who see it and to those who don't."""

import xml.etree.ElementTree as Xml

import pytest
from typer.testing import CliRunner

from contracts import picture
from contracts.topics import SERVICES, SYSTEMS, TOPICS
from yhdyspinta.cli import app


def of(language="en"):
    return Xml.fromstring(picture.svg(language))  # noqa: S314 - our own


SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("language", "writes", "reads", "both"), [
    ("en", "writes", "reads", "writes and reads"), ("fi", "kirjoittaa", "lukee", "kirjoittaa ja lukee")])
def test_every_right_is_a_mark_and_every_mark_a_right(language, writes, reads, both):
    drawn = of(language)
    marks = {found.text for found in drawn.iter(f"{SVG}title")} - {picture.WORDS[language]["title"]}
    rights = set()
    for topic in TOPICS.values():
        for who in {*topic.writers, *topic.readers}:
            does = both if who in topic.writers and who in topic.readers else writes if who in topic.writers else reads
            rights.add(f"{who} {does}: {topic.name}")
        if topic.open_to_accounts:
            rights.add(f"{picture.WORDS[language]['accounts']} {reads}: {topic.name}")
    assert marks == rights


def test_it_names_all_topics_and_everybody_and_describes_itself():
    drawn = of("fi")
    texts = [found.text for found in drawn.iter(f"{SVG}text")]
    assert set(TOPICS) <= set(texts)
    assert set(picture.columns()) == {*SERVICES, *SYSTEMS, picture.ACCOUNTS}
    assert drawn.get("role") == "img"
    assert drawn.find(f"{SVG}desc").text.startswith(f"{len(TOPICS)} aihetta")
    assert int(drawn.get("width")) <= 1280


def test_what_crosses_is_framed():
    crossing = {(each.topic, each.reader) for each in picture.crossings()}
    assert ("area.referrals.v1", "coaching") in crossing
    assert ("shared.coaching.v1", "referral") in crossing
    assert not {who for _, who in crossing} - {"referral", "coaching"}
    frames = [r for r in of().iter(f"{SVG}rect") if r.get("stroke") == picture.ALARM]
    assert len(frames) == len(crossing)


def test_the_command_draws_it_into_a_file(tmp_path):
    file = tmp_path / "boundary.svg"
    assert CliRunner().invoke(app, ["boundary", "--picture", str(file)]).exit_code == 0
    assert file.read_text() == picture.svg("en")
    assert CliRunner().invoke(app, ["boundary", "--picture", str(tmp_path / "no" / "x.svg")]).exit_code == 1
