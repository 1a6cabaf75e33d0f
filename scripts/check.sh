#!/bin/sh
# Everything that must hold: style, types, import contracts, behaviour. Usage: check.sh [lint|slow]
set -eu
bin=.venv/bin
mode=${1:-fast}
if [ "$mode" != slow ]; then
    echo "== style";            "$bin/ruff" check . && "$bin/ruff" format --check .
    echo "== types";            "$bin/mypy"
    echo "== import contracts"; "$bin/lint-imports"
fi
[ "$mode" = lint ] && exit 0
# One thread per worker: the workers already fill the cores.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1
marks="not slow"
[ "$mode" = slow ] && marks="slow"
echo "== tests ($marks)"
exec xvfb-run -a -s "-screen 0 1280x960x24" "$bin/python" -m pytest -q -n 2 --dist loadfile -m "$marks" --durations=15
