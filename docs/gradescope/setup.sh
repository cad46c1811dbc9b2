#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the image. The zip has been unpacked
# into /autograder/source; nothing of a submission is there yet.
set -euo pipefail
cd "${AUTOGRADER:-/autograder}"

# The newest Python that the image's packages have, from 3.13 down to 3.11. The students'
# programs run with it, too, unless profile.toml says `python = ...`.
apt-get update
for python in python3.13 python3.12 python3.11; do
    if apt-get install -y "$python" "$python-venv"; then
        break
    fi
done
command -v "$python" >/dev/null || { echo "setup.sh: no Python 3.11 here: choose a newer base image." >&2; exit 1; }

# In an environment of its own: a submission must not find what the referee needs.
"$python" -m venv venv
venv/bin/python -m pip install --disable-pip-version-check './source/referee[harness]'
