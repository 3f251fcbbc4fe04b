#!/usr/bin/env bash
# Check for a system package that pip cannot bring and, where that is allowed, install it.
#
#   system_packages.sh rendering PYTHON   a software OpenGL for MuJoCo (PYTHON has MuJoCo installed)
#   system_packages.sh venv PYTHON        the venv module that some systems split from Python
#   system_packages.sh browser PYTHON     Chromium, for the tests of the playground
#
# As root or with password-less sudo on a system with apt-get the packages are installed; otherwise the one line to
# type is printed and the exit code is 1.
set -euo pipefail
what=${1:?rendering, venv or browser}
python=${2:?path of the Python to check}

present() {
    case $what in
        rendering) "$python" -m sightline.doctor --rendering >/dev/null 2>&1 ;;
        venv) "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ;;
        browser) command -v chromium chromium-browser google-chrome >/dev/null ;;
    esac
}

case $what in
    rendering) packages="libegl1 libgl1-mesa-dri libopengl0" other="Mesa with EGL (Fedora: mesa-libEGL mesa-dri-drivers libglvnd-opengl)" ;;
    venv) packages="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" other="Python's venv module" ;;
    browser) packages="chromium" other="Chromium" ;;
    *) echo "Unknown part '$what': rendering, venv or browser." >&2; exit 2 ;;
esac

present && exit 0

if [ "$(uname)" = Darwin ]; then
    echo "The check for $what failed; run '$python -m sightline.doctor' to see why." >&2
    exit 1
elif ! command -v apt-get >/dev/null; then
    echo "Sightline needs $other. Please install it with your package manager and run this again." >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    echo "Sightline needs system packages. Please run this line and try again:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $packages" >&2
    exit 1
fi

echo "Installing system packages: $packages"
$sudo apt-get update -qq
# shellcheck disable=SC2086 # one word a package
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
present || { echo "The check for $what still fails; run '$python -m sightline.doctor' to see why." >&2; exit 1; }
