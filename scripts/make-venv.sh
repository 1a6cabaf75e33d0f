#!/bin/sh
# Make the virtual environment, or say in one sentence what the machine lacks.
set -eu
python=$1
venv=$2
command -v "$python" >/dev/null 2>&1 || {
    echo "Python is not installed: run 'apt-get install python3 python3-venv', or name one with 'make PYTHON=...'." >&2
    exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$("$python" --version) is too old: Python 3.11 or newer is needed; name one with 'make PYTHON=...'." >&2
    exit 1
}
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || {
    echo "The package python3-venv is missing: run 'apt-get install python3-venv', then make again." >&2
    exit 1
}
echo "Making $venv with $("$python" --version) ..."
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --upgrade pip
