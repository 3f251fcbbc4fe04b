#!/usr/bin/env bash
# A software Vulkan in a folder of its own: Mesa's lavapipe, which draws the suites of SimplerEnv without a GPU.
#
#   simpler_vulkan.sh FOLDER
#
# The system's Mesa stays as it is, and nobody needs to be root. Debian 12 has lavapipe 22.3, in which SAPIEN finds no
# device; its backports have 25.0.7. Newer systems have a new one in their own archive.
set -euo pipefail
folder=$(realpath -m "${1:?folder to unpack into}")
library=$folder/usr/lib/$(uname -m)-linux-gnu/libvulkan_lvp.so

if ! command -v apt-get >/dev/null; then
    echo "This is no Debian or Ubuntu: install the Vulkan loader and Mesa's lavapipe 25 or newer yourself." >&2
    exit 1
fi
. /etc/os-release
case $VERSION_CODENAME in
    bookworm) newer=bookworm-backports from=/bookworm-backports ;;
    *) newer=$VERSION_CODENAME-updates from= ;;
esac
parts=main
[ "$ID" = debian ] || parts="main universe"
mirrors=$(grep -shoE "https?://[^ ]+/$ID/?( |\$)" /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} || true)
mirror=${mirrors%%[[:space:]]*}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
for suite in "$VERSION_CODENAME" "$newer"; do
    echo "deb [signed-by=/usr/share/keyrings/$ID-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} $suite $parts"
done >"$work/sources.list"
own=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/nonexistent
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=)
apt-get "${own[@]}" update
(cd "$work" && apt-get "${own[@]}" download libvulkan1 "mesa-vulkan-drivers$from")
rm -rf "$folder"
mkdir -p "$folder"
for package in "$work"/*.deb; do dpkg -x "$package" "$folder"; done
echo "{\"file_format_version\": \"1.0.0\", \"ICD\": {\"library_path\": \"$library\", \"api_version\": \"1.3.0\"}}" \
    >"$folder/lavapipe.json"
if missing=$(ldd "$library" | grep 'not found'); then
    echo "lavapipe lacks libraries of the system (apt-get install libegl1 libgl1-mesa-dri brings them):" >&2
    echo "$missing" >&2
    exit 1
fi
