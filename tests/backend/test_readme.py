"""What the READMEs promise is done here, word by word."""

import asyncio
import json
import os
import re
from pathlib import Path

from backend.readme import ROOT, blocks
from chattable.conf import DEFAULTS
from config.stack import Options, Stack


def test_the_table_of_settings_is_the_table_of_defaults() -> None:
    [table] = re.findall(
        r"<!-- settings -->\n(.*?)<!-- /settings -->", (ROOT / "backend/README.md").read_text(), re.DOTALL
    )
    written: dict[str, str] = {}
    for names, default in re.findall(r"^\| (`.+?) \| `(.+?)` \|", table, re.MULTILINE):
        written |= dict.fromkeys(re.findall(r"`(\w+)`", names), default.replace('"', "'"))

    assert written == {name: repr(default) for name, default in DEFAULTS.items()}


def test_every_link_in_the_documents_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / ".github/CONTRIBUTING.md", *(ROOT / "backend").glob("*.md")]
    documents += (ROOT / "backend/docs").rglob("*.md")
    broken = [
        f"{document.relative_to(ROOT)}: {link}"
        for document in documents
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
        if not (document.parent / link).exists()
    ]

    assert broken == []


async def test_the_transcript_for_scripts_ends_with_the_whole_answer(tmp_path: Path) -> None:
    [(_, transcript)] = blocks("README.md", marker="transcript")
    async with Stack(Options(data=tmp_path / "stack")) as stack:
        await stack.manage("create_api_keys", "--count", "1", "--output", str(tmp_path / "keys.json"))
        [key] = json.loads((tmp_path / "keys.json").read_text())
        steps = transcript.replace("http://127.0.0.1:8000", stack.web_url).replace("ck_…", key)

        shell = await asyncio.create_subprocess_exec(
            "bash", "-euc", steps, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(shell.communicate(), 60)

    assert shell.returncode == 0
    [answer] = json.loads((tmp_path / "answer.json").read_text())["results"]
    assert (answer["role"], answer["status"], answer["finish_reason"]) == ("assistant", "complete", "stop")
    assert len(answer["content"]) > 40
    assert output.decode().endswith((tmp_path / "answer.json").read_text())
