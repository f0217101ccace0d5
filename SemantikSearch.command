#!/bin/sh
# SemantikSearch by a double click on macOS, where a click on the .py would open an editor.
cd -- "$(dirname -- "$0")" || exit 1
for python in .venv/bin/python venv/bin/python python3; do
    if command -v "$python" >/dev/null; then
        # The terminal may be closed meanwhile. What is missing, the program says in a window.
        nohup "$python" SemantikSearch.py "$@" >/dev/null 2>&1 &
        exit 0
    fi
done
echo "SemantikSearch: Python 3 (https://www.python.org)"
exit 1
