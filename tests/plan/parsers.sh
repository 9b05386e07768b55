#!/bin/sh
# Unpack the real parsers of the formats that `tuner render` writes into a folder, from Debian's own
# packages; nothing is installed, and none of their daemons can start: parsers.sh FOLDER
set -eu

folder=${1:?usage: parsers.sh FOLDER}
mkdir -p "$folder/packages"
cd "$folder/packages"

# what nix needs, but for what every system has
libraries=$(apt-cache depends nix-bin | sed -n 's/^ *Depends: \(lib[a-z].*\)$/\1/p' |
  grep -vE '^(libc6|libgcc-s1|libstdc\+\+6)$|-perl$')
# shellcheck disable=SC2086 # one name a word
apt-get download -qq tuned cloud-init nix-bin $libraries python3-certifi python3-chardet \
  python3-configobj python3-idna python3-json-pointer python3-jsonpatch python3-netifaces \
  python3-oauthlib python3-requests python3-serial python3-six python3-urllib3
for package in *.deb; do
  dpkg -x "$package" ../root
done
