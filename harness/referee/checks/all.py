"""All checks, in the order in which they are run: what others need comes first."""

from harness.referee.checks.games import games, in_games
from harness.referee.checks.keyboard import keyboard
from harness.referee.checks.losses import losses
from harness.referee.checks.required import required
from harness.referee.checks.segments import segments
from harness.referee.checks.strangers import strangers

CHECKS = (
    *required.checks,
    *games.checks,
    *losses.checks,
    *keyboard.checks,  # non-ascii is needed by what cuts a character
    *segments.checks,
    *in_games.checks,
    *strangers.checks,
)
"""Every check there is."""
