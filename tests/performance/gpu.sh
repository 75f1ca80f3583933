#!/usr/bin/env bash
# Everything that only a GPU can tell, in 8 minutes at most; writes one Markdown table (see gpu.py).
#   tests/performance/gpu.sh [--out gpu.md] [--data-dir DIR] [--minutes 8] [--device cuda:1]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 CUBLAS_WORKSPACE_CONFIG=:4096:8
exec "${PYTHON:-python3}" "$root/tests/performance/gpu.py" "$@"
