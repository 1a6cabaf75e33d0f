#!/bin/sh
# The viewer's tests draw on a virtual display. Install what it needs where we may, else name what is missing.
set -eu
command -v dpkg-query >/dev/null 2>&1 || {
    command -v xvfb-run >/dev/null 2>&1 && exit 0
    echo "The viewer's tests need xvfb-run and OpenGL libraries; install them with this system's package manager." >&2
    exit 1
}
missing=
for package in xvfb xauth libegl1 libgl1 libgl1-mesa-dri libopengl0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 \
    libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libdbus-1-3; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then
    echo "Installing for the virtual display:$missing"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
else
    echo "The viewer's tests need packages that are missing. Run: sudo apt-get install$missing" >&2
    exit 1
fi
