"""All checks, in the order in which they are run: what others need comes first."""

from harness.referee.checks.required import required

CHECKS = (*required.checks,)
"""Every check there is."""
