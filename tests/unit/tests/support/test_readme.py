"""Reading commands out of a page."""

from __future__ import annotations

from pathlib import Path

from tests.support.readme import Command, shown_commands

PAGE = r"""# A page

```bash
git clone somewhere
pipeline/scripts/pipeline_setup.sh --market simulator   # a comment
$ ./analysis/scripts/presto.sh --execute "SELECT 1"
```

`pipeline/scripts/pipeline_down.sh` in a sentence is not run.

```text
pipeline/scripts/pipeline_status.sh
```

```sh
analysis/scripts/presto.sh \
  --execute 'SELECT 2'
```
"""


def test_commands_of_shell_blocks_in_their_order(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    assert shown_commands(page) == [
        Command(("pipeline/scripts/pipeline_setup.sh", "--market", "simulator"), 5),
        Command(("analysis/scripts/presto.sh", "--execute", "SELECT 1"), 6),
        Command(("analysis/scripts/presto.sh", "--execute", "SELECT 2"), 16),
    ]
