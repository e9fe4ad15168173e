"""No character from elsewhere is carried out by a terminal, and none is lost."""

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import opencbr.cli
from opencbr.cli.output import say
from opencbr.observe.printable import printable, printable_json

HOSTILE = "ok\x1b[2K\rgenuine\x9b31m\u202egnp"


def test_a_name_cannot_move_the_cursor_or_turn_the_text():
    assert printable(HOSTILE) == "ok\\x1b[2K\\rgenuine\\x9b31m\\u202egnp"
    assert printable("café-文 one two") == "café-文 one two"


def test_a_name_cannot_make_a_line_of_its_own(capsys):
    say("backup of x\nall is well", "second", mark="* ")
    assert capsys.readouterr().out == "* backup of x\\nall is well\nsecond\n"


@given(st.text())
def test_what_comes_out_is_printable_and_says_the_same(text):
    assert printable(text).isprintable()
    document = printable_json(json.dumps({"name": text}, ensure_ascii=False, indent=1))
    assert document.replace("\n", "").isprintable()
    assert json.loads(document) == {"name": text}


def test_no_command_writes_past_it():
    folder = Path(opencbr.cli.__file__).parent
    writers = {
        str(file.relative_to(folder))
        for file in folder.rglob("*.py")
        if re.search(r"click\.(secho|echo)\(|\bprint\(|sys\.stdout", file.read_text())
    }
    # app.py writes the sentence of a Failure, record.py a document that json_text made; what the demo prints of the
    # cloud are cells that show.py makes printable.
    assert {one for one in writers if not one.startswith("demo/")} <= {"output.py", "app.py", "record.py"}
