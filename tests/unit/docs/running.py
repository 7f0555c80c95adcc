"""What the documents say one can type, typed: files are saved, commands run, what they print is compared.

In docs/*.md a block ```yaml file=NAME is a file that the reader saves, ```yaml alone is a whole file, ```yaml part is a
piece of one (with file=NAME saved as well); ```console holds commands (`$ irm …`, `$ sed …`, `$ cp …`) and what they print, in a folder of their own, from the
top of the document to its end. As a program this writes what the commands print today into the documents:

    python -m tests.unit.docs.running docs/playbooks.md
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from irm.cli import main as irm

BLOCK = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TOOLS = ("sed", "cp")
ENGLISH = {"IRM_LOCALE": "en", "PYTHONUTF8": "1"}


@dataclass(frozen=True)
class Block:
    info: str
    body: str
    line: int

    @property
    def language(self) -> str:
        return self.info.split()[0]

    @property
    def file(self) -> str | None:
        return next((one.removeprefix("file=") for one in self.info.split()[1:] if one.startswith("file=")), None)

    @property
    def is_part(self) -> bool:
        return "part" in self.info.split()[1:]


def blocks(text: str) -> Iterator[Block]:
    for match in BLOCK.finditer(text):
        yield Block(match["info"], match["body"], text.count("\n", 0, match.start()) + 1)


def run(command: str) -> str:
    """What a terminal would show, in the present folder."""
    words = shlex.split(command)
    if words[0] in TOOLS:
        return subprocess.run(words, capture_output=True, check=True, text=True).stdout
    if words[0] != "irm":
        raise ValueError(command)
    return CliRunner(env=ENGLISH).invoke(irm, words[1:], catch_exceptions=False).output


def commands(body: str) -> Iterator[tuple[str, str]]:
    """(command, what it printed) of a console block."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def as_printed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def typed(text: str) -> Iterator[tuple[Block, str]]:
    """Every console block with its body as it would be today."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for block in blocks(text):
            if block.file is not None:
                Path(block.file).write_text(block.body, "utf-8")
            elif block.language == "console":
                told = [f"$ {command}\n{as_printed(run(command))}".rstrip() for command, _ in commands(block.body)]
                yield block, "\n".join(told) + "\n"


def main() -> None:
    for name in sys.argv[1:]:
        path = Path(name).resolve()
        text = path.read_text("utf-8")
        for block, body in typed(text):
            text = text.replace(f"```{block.info}\n{block.body}```", f"```{block.info}\n{body}```")
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    os.environ.update(ENGLISH)
    main()
