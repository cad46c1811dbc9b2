"""Both programs in the two halves of one tmux window, as many people would have them.

The window belongs to one actor, `tmux`. It begins with the server alone; `Ctrl-B %` opens
the client on its right, and `Ctrl-B Left` and `Ctrl-B Right` go from one to the other.
"""

import shlex
import sys
from pathlib import Path

ACTOR = "tmux"

_SETTINGS = """\
# The window, and both programs, end with the terminal that shows them.
set -g destroy-unattached on
set -g default-terminal tmux-256color
set -g status-left ''
set -g status-right ''
set -g window-status-current-format ' chat '
set -g default-command {client}
"""


def command(folder: Path, port: int) -> list[str]:
    """Return what starts tmux with the server in it; its files go to `folder`."""
    place = ["--port", str(port)]
    server = [sys.executable, "-m", "chatd", *place, "--mode", "free", "--name", "Ann"]
    client = shlex.join([sys.executable, "-m", "chatc", *place, "--name", "Bob"])
    settings = folder / "tmux.conf"
    settings.write_text(_SETTINGS.format(client=shlex.quote(client)), "utf-8")
    tmux = ["tmux", "-u", "-S", str(folder / "tmux"), "-f", str(settings)]
    return [*tmux, "new-session", shlex.join(server)]
