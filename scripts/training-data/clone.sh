#!/bin/sh
# Clones the repositories of commits.txt into a folder, each as owner+name, without work tree and history.
# usage: clone.sh FOLDER
set -eu
commits="$(cd "$(dirname "$0")" && pwd)/commits.txt"
mkdir -p "$1"
cd "$1"
while read -r repository commit; do
  folder="$(echo "$repository" | tr / +)"
  [ -d "$folder" ] || git init --quiet --bare "$folder"
  git --git-dir="$folder" cat-file -e "$commit^{commit}" 2>/dev/null ||
    git --git-dir="$folder" fetch --quiet --depth 1 "https://github.com/$repository" "$commit"
  echo "$folder $commit"
done <"$commits"
